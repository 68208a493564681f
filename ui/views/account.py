"""The account page: who is signed in and where, their quotas, keys, tokens and password, and the way out."""

import streamlit as st

from ui.model_key_box import show_model_key
from ui.password_box import show_password
from ui.privacy_box import show_privacy
from ui.provider import show_identities
from ui.quotas_box import show_quotas
from ui.session import current_session, errors_as_banner, sign_out
from ui.sessions_box import show_sessions
from ui.tokens_box import show_tokens
from ui.wording import moment


def show() -> None:
    """Draw the page."""
    _, middle, _ = st.columns([1, 1.6, 1])
    with middle:
        st.header("Account", anchor=False)
        with errors_as_banner():
            user = current_session().client.me()
            with st.container(border=True):
                st.caption("Signed in as")
                st.text(user["username"])
                st.caption(f"Since {moment(user['created_at']).date().isoformat()}")
        show_quotas()
        show_model_key()
        show_password()
        show_identities()
        show_sessions()
        show_tokens()
        show_privacy()
        st.caption("You stay signed in while this page is open; after a reload you sign in again.")
        if st.button("Log out", icon=":material/logout:", key="log_out"):
            sign_out()
            st.rerun()


show()
