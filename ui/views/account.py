"""The account page: who is signed in and where, keys, tokens, what it all costs, and the way out."""

import streamlit as st

from ui.model_key_box import show_model_key
from ui.password_box import show_password
from ui.privacy_box import show_end, show_export
from ui.provider import show_identities
from ui.quotas_box import show_quotas
from ui.session import current_session, errors_as_banner, sign_out
from ui.sessions_box import show_sessions
from ui.tokens_box import show_tokens
from ui.usage_box import show_usage
from ui.wording import moment, plain

_TABS = ["You and your keys", "Devices and tokens", "Usage", "Your data"]


def show() -> None:
    """Draw the page."""
    st.title("Account", anchor=False)
    you, devices, usage, data = st.tabs(_TABS)
    with you:
        left, right = st.columns(2, gap="large")
        with left:
            _who()
            show_password()
            show_identities()
        with right:
            show_model_key()
    with devices:
        left, right = st.columns(2, gap="large")
        with left:
            show_sessions()
        with right:
            show_tokens()
    with usage:
        left, right = st.columns([1, 1.6], gap="large")
        with left:
            show_quotas()
        with right:
            show_usage()
    with data:
        left, right = st.columns(2, gap="large")
        with left:
            show_export()
        with right:
            show_end()


def _who() -> None:
    with st.container(border=True), errors_as_banner():
        user = current_session().client.me()
        st.header("You", anchor=False)
        st.markdown(f"Signed in as **{plain(user['username'])}**" + (" · admin" if user["is_admin"] else ""))
        st.caption(f"Since {moment(user['created_at']).date().isoformat()}. You stay signed in in this browser.")
        if st.button("Sign out", icon=":material/logout:", key="log_out"):
            sign_out()
            st.rerun()


show()
