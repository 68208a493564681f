"""What all users' model calls have cost."""

import streamlit as st

from ui.session import current_session, errors_as_banner
from ui.usage_box import choose_days, draw_days, draw_groups, draw_sums


def show_costs() -> None:
    """Draw the sums: of all, by day, by user, by model."""
    with st.container(border=True), errors_as_banner():
        first, last = choose_days("admin_usage_days")
        usage = current_session().client.deployment_usage(since=first.isoformat())
        draw_sums(usage["totals"])
        draw_days(usage["by_day"], first, last, key="admin_usage")
        draw_groups("By user", "User", usage["by_user"])
        draw_groups("By model", "Model", usage["by_model"])
        draw_groups("By whose key paid", "Key", usage["by_payer"])
        st.caption("Deleted projects are in it: they were paid. Deleted accounts are not.")
