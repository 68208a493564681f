"""The box on the account page for a new password."""

import streamlit as st

from ui.session import current_session, errors_as_banner

_CHANGED = "password_changed"


def show_password() -> None:
    """Draw the box. Who signs in with an OpenID provider alone has no password to change."""
    session = current_session()
    if not (session.user or {}).get("has_password", True):
        return
    with st.container(border=True):
        st.header("Password", anchor=False)
        if st.session_state.pop(_CHANGED, False):
            st.success(
                "The password is changed, and you are signed out everywhere else.", icon=":material/check_circle:"
            )
        with st.expander("Change it", icon=":material/password:"), errors_as_banner():
            with st.form("password_form", clear_on_submit=True, border=False):
                old = st.text_input(
                    "Present password", type="password", key="password_old", autocomplete="current-password"
                )
                new = st.text_input("New password", type="password", key="password_new", autocomplete="new-password")
                again = st.text_input(
                    "New password again", type="password", key="password_again", autocomplete="new-password"
                )
                sent = st.form_submit_button("Change the password", key="password_change")
            if sent and new != again:
                st.error("The two new passwords are not the same.", icon=":material/error:")
            elif sent:
                session.client.change_password(old, new)
                st.session_state[_CHANGED] = True
                st.rerun()
        st.caption("API tokens stay as they are: they have their own list.")
