"""One account, for admins: what it uses, its own limits, and acts that ask twice."""

import streamlit as st

from ui.admin.invites import draw_new_link
from ui.quota_types import AdminUserDetail
from ui.quotas_box import draw_quota
from ui.session import current_session, errors_as_banner
from ui.wording import count, moment, plain

_RESET = "new_reset_link"


def show_person(user_id: str) -> None:
    """Draw the account."""
    with st.container(border=True), errors_as_banner():
        user = current_session().client.get_user(user_id)
        st.header(plain(user["username"]), anchor=False)
        st.caption(
            f"Since {moment(user['created_at']).date().isoformat()} · {count(user['projects'], 'project')} · "
            f"{count(user['sessions'], 'session')} · {count(user['api_tokens'], 'API token')}"
        )
        if user["suspended_at"]:
            why = f": {plain(user['suspended_for'])}" if user["suspended_for"] else "."
            st.warning(
                f"Suspended since {moment(user['suspended_at']).date().isoformat()}{why}", icon=":material/block:"
            )
        for quota in user["quotas"]:
            draw_quota(quota)
        _limits(user)
        _acts(user)


def _limits(user: AdminUserDetail) -> None:
    own = user["own_limits"]
    with st.expander("Limits of their own"), st.form(f"limits_{user['id']}", border=False):
        st.caption("Empty: the server's usual limit. 0: no limit.")
        asked = {
            "day_jobs": st.number_input("Jobs in 24 hours", 0, value=own["day_jobs"], key=f"day_jobs_{user['id']}"),
            "month_usd": st.number_input(
                "US dollars a month", 0.0, value=own["month_usd"], step=1.0, key=f"month_usd_{user['id']}"
            ),
            "month_tokens": st.number_input(
                "Tokens a month", 0, value=own["month_tokens"], key=f"month_tokens_{user['id']}"
            ),
            "storage_mib": st.number_input("MiB of storage", 0, value=own["storage_mib"], key=f"storage_{user['id']}"),
        }
        if st.form_submit_button("Set the limits", key="set_limits"):
            current_session().client.set_user_quotas(user["id"], asked)
            st.rerun()


def _acts(user: AdminUserDetail) -> None:
    """Each opens a panel that says what comes of it, with the button that does it."""
    client = current_session().client
    draw_new_link(_RESET, "reset link")
    name = plain(user["username"])
    with st.popover("Reset link", icon=":material/lock_reset:", width="stretch"):
        st.write(f"A link with which whoever has it sets a new password for {name}, within an hour.")
        if st.button("Make the link", key="reset_make"):
            st.session_state[_RESET] = client.make_reset_link(user["id"])
            st.rerun()
    if not user["is_admin"]:
        with st.popover("Make an admin", icon=":material/shield_person:", width="stretch"):
            st.write(f"{name} can then do all that you can, also to you. There is no way back from this page.")
            if st.button(f"Make {name} an admin", key="admin_make", disabled=user["suspended_at"] is not None):
                client.make_admin(user["id"])
                st.rerun()
    if user["suspended_at"]:
        with st.popover("Restore", icon=":material/undo:", width="stretch"):
            st.write(f"{name} can sign in and work again. Jobs that were cancelled stay cancelled.")
            if st.button(f"Restore {name}", key="restore", type="primary"):
                client.restore_user(user["id"])
                st.rerun()
        return
    with st.popover("Suspend", icon=":material/block:", width="stretch"):
        st.write(f"{name} can do nothing from then on, and their jobs are cancelled. What they have made stays.")
        reason = st.text_input("Why, as they are told", key=f"suspend_reason_{user['id']}", max_chars=500)
        if st.button(f"Suspend {name}", key="suspend", type="primary"):
            client.suspend_user(user["id"], reason.strip())
            st.rerun()
