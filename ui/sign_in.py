"""What stands in front of every page: sign in, or make an account and be signed in."""

import streamlit as st

from ui.session import current_session, errors_as_banner, sign_in


def draw_sign_in() -> None:
    """Draw the forms; a success runs the page again."""
    _, middle, _ = st.columns([1, 1.2, 1])
    with middle:
        st.title(":material/deployed_code: Prompt2Mesh", anchor=False)
        st.caption("Say what you want, watch it being built in a real Blender, download a .blend that you can edit.")
        notice = current_session().notice
        if notice:
            st.info(notice, icon=":material/info:")
        signing_in, signing_up = st.tabs(["Sign in", "Create account"])
        with signing_in:
            _sign_in_form()
        with signing_up:
            _sign_up_form()


def _sign_in_form() -> None:
    with st.form("sign_in"):
        username = st.text_input("User name", key="sign_in_name", autocomplete="username")
        password = st.text_input("Password", type="password", key="sign_in_password", autocomplete="current-password")
        asked = st.form_submit_button("Sign in", type="primary", width="stretch", key="sign_in_button")
    if asked:
        with errors_as_banner():
            sign_in(username, password)
            st.rerun()


def _sign_up_form() -> None:
    with st.form("sign_up"):
        username = st.text_input("User name", key="sign_up_name", autocomplete="username")
        password = st.text_input(
            "Password",
            type="password",
            key="sign_up_password",
            autocomplete="new-password",
            help="At least 8 characters.",
        )
        asked = st.form_submit_button("Create account", type="primary", width="stretch", key="sign_up_button")
    if asked:
        with errors_as_banner():
            current_session().client.sign_up(username, password)
            sign_in(username, password)
            st.rerun()
