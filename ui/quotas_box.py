"""The box on the account page with one's quotas: how much of each is used, and when there is more."""

import streamlit as st

from ui.quota_types import Quota
from ui.quota_words import amount_of, label_of, renewal_of, share_of
from ui.session import current_session, errors_as_banner
from ui.wording import plain


def show_quotas() -> None:
    """Draw the box."""
    with st.container(border=True):
        st.header("Quotas", anchor=False)
        with errors_as_banner():
            for quota in current_session().client.quotas():
                draw_quota(quota)


def draw_quota(quota: Quota) -> None:
    """One quota as a bar; without a limit as words."""
    words = f"{plain(label_of(quota))}: {plain(amount_of(quota))}"
    share = share_of(quota)
    if share is None:
        st.markdown(words)
        return
    renewal = renewal_of(quota)
    st.progress(share, text=f"{words} · {plain(renewal)}" if renewal else words)
