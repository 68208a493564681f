"""Links with which people sign up."""

import streamlit as st

from ui.oversight_types import NewLink
from ui.session import current_session, errors_as_banner
from ui.wording import moment, plain

_NEW = "new_invite"


def show_invites() -> None:
    """Draw the form, the link that it has just made, and those that still work."""
    client = current_session().client
    with st.container(border=True):
        st.header("Invites", anchor=False)
        st.caption("Each link lets one person sign up. Hand it on yourself: this server sends no mail.")
        with errors_as_banner():
            draw_new_link(_NEW, "invite")
            with st.form("invite_form", clear_on_submit=True, border=False):
                note = st.text_input("For whom", key="invite_note", max_chars=200, autocomplete="off")
                days = st.number_input("Days that it works", 1, 365, 7, key="invite_days")
                if st.form_submit_button("Make an invite", icon=":material/person_add:", key="invite_make"):
                    st.session_state[_NEW] = client.make_invite(note.strip(), float(days))
                    st.rerun()
            for link in client.invites():
                left, right = st.columns([4, 1], vertical_alignment="center")
                left.text(link["note"] or "no note")
                left.caption(f"until {moment(link['expires_at']).date().isoformat()}")
                if right.button("Take back", key=f"revoke_invite_{link['id']}", width="stretch"):
                    client.revoke_invite(link["id"])
                    st.rerun()


def draw_new_link(key: str, what: str) -> None:
    """The link that lies in the session under `key`, until the admin has kept it."""
    made: NewLink | None = st.session_state.get(key)
    if made is None:
        return
    until = f"{moment(made['expires_at']):%Y-%m-%d %H:%M} UTC"
    with st.container(border=True):
        st.markdown(f"**Copy the {plain(what)} now.** It is not shown again. It works once, until {until}.")
        st.code(made["url"] or made["code"], language=None, wrap_lines=True)
        if st.button("I have kept it", type="primary", icon=":material/check:", key=f"{key}_kept"):
            del st.session_state[key]
            st.rerun()
