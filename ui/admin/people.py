"""Accounts: who there is, and the one that was opened."""

from itertools import islice

import streamlit as st

from ui.admin.person import show_person
from ui.money import money
from ui.quota_types import AdminUser
from ui.session import current_session, errors_as_banner
from ui.wording import binary_size, count, plain

_SHOWN_AT_MOST = 50
_OPENED = "admin_user"
_STATES: dict[str, bool | None] = {"All": None, "Active": False, "Suspended": True}


def show_people() -> None:
    """Draw the search with what it finds, and beside it the opened account."""
    left, right = st.columns([1.2, 1], gap="large")
    with left, st.container(border=True):
        st.header("Users", anchor=False)
        search = st.text_input("Search by name", key="user_search", icon=":material/search:")
        state = st.segmented_control("State", list(_STATES), default="All", key="user_state")
        with errors_as_banner():
            found = current_session().client.list_users(search.strip(), suspended=_STATES[state or "All"])
            users = list(islice(found, _SHOWN_AT_MOST + 1))
            for user in users[:_SHOWN_AT_MOST]:
                _row(user)
            if not users:
                st.caption("Nobody has such a name.")
            if len(users) > _SHOWN_AT_MOST:
                st.caption(f"The newest {_SHOWN_AT_MOST}; search for the others.")
    with right:
        opened = st.session_state.get(_OPENED)
        if opened is None:
            st.info("Open a user on the left to see and to change what they may do.", icon=":material/arrow_back:")
        else:
            show_person(opened)


def _row(user: AdminUser) -> None:
    left, right = st.columns([4, 1], vertical_alignment="center")
    marks = [mark for mark, holds in (("admin", user["is_admin"]), ("**suspended**", user["suspended_at"])) if holds]
    left.markdown(" · ".join([f"**{plain(user['username'])}**", *marks]))
    jobs = count(user["day_jobs"], "job") + " today"
    left.caption(f"{jobs} · {plain(money(user['month_usd']))} this month · {binary_size(user['storage_bytes'])}")
    if right.button("Open", key=f"open_user_{user['id']}", width="stretch"):
        st.session_state[_OPENED] = user["id"]
        st.rerun()
