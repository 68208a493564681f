"""The web UI's entry: `streamlit run ui/app.py`, see `ui.launch`. Needs `P2M_API_URL` in the environment."""

import os
from pathlib import Path

import streamlit as st

from ui.session import begin_session, errors_as_banner
from ui.sign_in import draw_sign_in

HERE = Path(__file__).parent


def main() -> None:
    """Show the page that the address names, or the sign-in before it."""
    # Streamlit would fetch an icon of its own set from the internet, for the tab.
    st.set_page_config(page_title="Prompt2Mesh", page_icon=str(HERE / "icon.svg"), layout="wide")
    st.html(HERE / "style.css")
    with errors_as_banner():
        signed_in = begin_session(os.environ.get("P2M_API_URL", "")).user is not None
        # The address is kept through the sign-in, so that it leads to the page that it names.
        page = st.navigation(
            [
                st.Page(HERE / "views/build.py", title="Build", icon=":material/deployed_code:", default=True),
                st.Page(HERE / "views/projects.py", title="Projects", icon=":material/grid_view:"),
                st.Page(HERE / "views/account.py", title="Account", icon=":material/person:"),
                st.Page(HERE / "views/device.py", title="Sign in a device", visibility="hidden"),
            ],
            position="top" if signed_in else "hidden",
        )
        if signed_in:
            st.logo(HERE / "logo.svg", size="large")
            page.run()
        else:
            draw_sign_in(page.url_path)


main()
