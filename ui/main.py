"""What every page of the web UI begins with: who is signed in, and the way to the page that the address names."""

import contextlib
import os
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from ui.api_client import ClientError
from ui.api_types import User
from ui.cookie_keeper import keep_cookie
from ui.session import begin_session, current_session, errors_as_banner
from ui.sign_in import draw_sign_in
from ui.wording import plain

HERE = Path(__file__).parent
RETRY_EVERY_S = 2.0


def main() -> None:
    """Show the page that the address names, or the sign-in before it."""
    # Streamlit would fetch an icon of its own set from the internet, for the tab.
    st.set_page_config(page_title="Prompt2Mesh", page_icon=str(HERE / "icon.svg"), layout="wide")
    st.html(HERE / "style.css")
    try:
        session = begin_session(os.environ.get("P2M_API_URL", ""))
    except ClientError as error:
        _draw_unreachable(str(error))
        return
    with errors_as_banner():
        # The address is kept through the sign-in, so that it leads to the page that it names.
        page = st.navigation(_pages(session.user), position="top" if session.user else "hidden")
        if session.user:
            st.logo(HERE / "logo.svg", size="large")
            page.run()
        else:
            draw_sign_in(page.url_path)
        keep_cookie()


def _pages(user: User | None) -> list[StreamlitPage]:
    """All pages, in the order of the bar at the top."""
    return [
        st.Page(HERE / "views/studio.py", title="Studio", icon=":material/deployed_code:", default=True),
        st.Page(HERE / "views/projects.py", title="Projects", icon=":material/grid_view:"),
        st.Page(HERE / "views/account.py", title="Account", icon=":material/person:"),
        st.Page(HERE / "views/device.py", title="Sign in a device", visibility="hidden"),
    ]


@st.fragment(run_every=RETRY_EVERY_S)
def _draw_unreachable(sentence: str) -> None:
    """What stands here while it is not known who is signed in, until the server answers again."""
    with st.container(horizontal_alignment="center"):
        st.warning(plain(sentence), icon=":material/cloud_off:", width=560)
        st.caption("Trying again by itself. Nothing is lost: what runs goes on.", width="content")
    with contextlib.suppress(ClientError):
        current_session().client.sign_in_options()
        st.rerun()


main()
