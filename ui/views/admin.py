"""The admin page: health, users, what is at work, cost, the audit log. The API refuses it to everybody else."""

import streamlit as st

from ui.admin.audit import show_audit
from ui.admin.costs import show_costs
from ui.admin.invites import show_invites
from ui.admin.overview import show_overview
from ui.admin.people import show_people
from ui.admin.work import show_work
from ui.session import current_session, errors_as_banner

_TABS = {
    "Overview": show_overview,
    "Users": show_people,
    "Invites": show_invites,
    "Jobs": show_work,
    "Cost": show_costs,
    "Audit log": show_audit,
}


def show() -> None:
    """Draw the page; only what is chosen, as each part asks the API for much."""
    st.title("Admin", anchor=False)
    with errors_as_banner():
        if not current_session().client.me()["is_admin"]:
            st.info("This page is for admins of this server.", icon=":material/shield_person:")
            return
        chosen = st.segmented_control(
            "Part", list(_TABS), default="Overview", key="admin_part", label_visibility="collapsed"
        )
        _TABS[chosen or "Overview"]()


show()
