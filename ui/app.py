"""The web UI's entry: `streamlit run ui/app.py`, see `ui.launch`. Needs `P2M_API_URL` in the environment."""

import os
from pathlib import Path

import streamlit as st

from ui.session import begin_session, errors_as_banner

HERE = Path(__file__).parent


def main() -> None:
    """Show the page that the address names, or the sign-in page."""
    st.set_page_config(page_title="Prompt2Mesh", page_icon=":material/deployed_code:", layout="wide")
    st.html(HERE / "style.css")
    st.logo(HERE / "logo.svg", size="large")
    with errors_as_banner():
        if begin_session(os.environ.get("P2M_API_URL", "")).user is None:
            st.navigation([st.Page(HERE / "pages/sign_in.py", title="Sign in")], position="hidden").run()
        else:
            _run_signed_in()


def _run_signed_in() -> None:
    pages = [
        st.Page(HERE / "pages/build.py", title="Build", icon=":material/deployed_code:", default=True),
        st.Page(HERE / "pages/projects.py", title="Projects", icon=":material/grid_view:"),
        st.Page(HERE / "pages/account.py", title="Account", icon=":material/person:"),
    ]
    st.navigation(pages, position="top").run()


main()
