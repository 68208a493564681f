"""The boxes at the end of the account page: all of one's data as a zip, and the end of the account."""

import tempfile
from pathlib import Path

import streamlit as st

from ui.session import current_session, errors_as_banner, forget_user
from ui.wording import plain

# The page's server holds the zip in memory until the browser has it.
_PAGE_LIMIT_BYTES = 500 * 2**20
_READY = "export_ready"
_COMMAND = "prompt2mesh account export FILE.zip --server URL"


def show_export() -> None:
    """Draw the box with the zip."""
    with st.container(border=True):
        st.header("Your data", anchor=False)
        st.write("All that is kept of you as one zip: the account, projects, conversations, every scene and file.")
        with errors_as_banner():
            client = current_session().client
            if client.storage()["used_bytes"] > _PAGE_LIMIT_BYTES:
                st.caption(f"You keep too much for this page; take it home with `{_COMMAND}`.")
            elif st.button("Make the zip", icon=":material/archive:", key="export_make"):
                with st.spinner("Collecting everything"), tempfile.TemporaryDirectory() as folder:
                    zipped = Path(folder) / "export.zip"
                    client.export_account(zipped)
                    st.session_state[_READY] = zipped.read_bytes()
            if _READY in st.session_state:
                st.download_button(
                    "Save the zip",
                    st.session_state[_READY],
                    "prompt2mesh.zip",
                    "application/zip",
                    icon=":material/download:",
                    key="export_save",
                    on_click=lambda: st.session_state.pop(_READY, None),
                )


def show_end() -> None:
    """Draw the box that ends the account."""
    session = current_session()
    user = session.user or session.client.me()
    with st.container(border=True):
        st.header("Delete the account", anchor=False)
        st.write(
            "Everything goes for good: projects, scenes, files, conversations, keys, tokens and shared pages. Jobs "
            "stop, you are signed out everywhere, and within an hour nothing is left. This cannot be undone."
        )
        with errors_as_banner(), st.form("delete_form", clear_on_submit=True, border=False):
            name = st.text_input("Type your user name", key="delete_name", autocomplete="off")
            has_password = user.get("has_password", True)
            password = (
                st.text_input("Password", type="password", key="delete_password", autocomplete="current-password")
                if has_password
                else None
            )
            if st.form_submit_button("Delete my account", key="delete_account", type="primary"):
                deletion = session.client.delete_account(name, password)
                forget_user(plain(f"Your account is deleted. The report's number is {deletion['report_id']}."))
                st.rerun()
