"""The connect page: one's own agent through MCP, the command line, and the add-on in Blender."""

from urllib.parse import urlsplit

import streamlit as st

from ui.account_types import NewApiToken
from ui.mcp_clients import TOKEN_PLACEHOLDER, mcp_clients
from ui.session import current_session, errors_as_banner

_NEW = "new_agent_token"
_DAYS = 90
_HERE = {"127.0.0.1", "localhost", "::1"}
_USUAL_PORT = 8600  # of a stack on this machine, if it is free


def show() -> None:
    """Draw the page."""
    st.title("Connect", anchor=False)
    left, right = st.columns([1.7, 1], gap="large")
    with left, st.container(border=True), errors_as_banner():
        _agents()
    with right:
        with st.container(border=True):
            _command_line()
        with st.container(border=True):
            _add_on()


def _agents() -> None:
    st.header("Your own agent", anchor=False)
    st.write(
        "Claude Code, Claude Desktop, Cursor, VS Code or any other MCP client can work in your Blender here: with this "
        "server's safety, and with each step in your history and live on the studio page."
    )
    server = st.text_input(
        "Address of this server", value=_address(), key="connect_address", help="As your agent's machine reaches it."
    )
    if urlsplit(server).hostname in _HERE and urlsplit(server).port != _USUAL_PORT:
        st.caption(
            f"Port {_USUAL_PORT} was taken, so this address is another one after each start, unless you choose a port: "
            "`prompt2mesh up --api-port 8601`."
        )
    made: NewApiToken | None = st.session_state.get(_NEW)
    if made is None:
        st.caption(f"It needs a token of yours: a button makes one that may see and build, for {_DAYS} days.")
        if st.button("Make a token for it", icon=":material/key:", type="primary", key="connect_token"):
            asked = ("My agent", ["read", "build"], _DAYS)
            st.session_state[_NEW] = current_session().client.make_api_token(*asked)
            st.rerun()
    else:
        st.success("The token stands in the texts below. It is not shown again: copy yours now.", icon=":material/key:")
        if st.button("I have copied it", key="connect_kept", icon=":material/check:"):
            del st.session_state[_NEW]
            st.rerun()
    setups = mcp_clients(server.strip() or _address(), made["token"] if made else TOKEN_PLACEHOLDER)
    for tab, setup in zip(st.tabs([setup.client for setup in setups]), setups, strict=True):
        with tab:
            st.write(setup.how)
            st.code(setup.text, language=setup.language, wrap_lines=True)
    st.caption("Tokens are listed, and revoked, on the account page.")


def _address() -> str:
    """Where the API is for others: on one machine at its own port, else at the host of this page."""
    shown = st.context.url
    api, page = current_session().client.base_url, urlsplit(shown if isinstance(shown, str) else "")
    is_here = urlsplit(api).hostname in _HERE and page.hostname in {*_HERE, None}
    return api if is_here or not page.netloc else f"{page.scheme}://{page.netloc}"


def _command_line() -> None:
    st.header("Command line", anchor=False)
    st.write("Sign in once; the code that it shows is confirmed here in the browser.")
    server = _address()
    st.code(
        f"prompt2mesh login --server {server}\nprompt2mesh whoami --server {server}", language="bash", wrap_lines=True
    )


def _add_on() -> None:
    st.header("Blender add-on", anchor=False)
    st.write("Prompts, live progress and results in the sidebar of your own Blender, 4.2 or later.")
    with errors_as_banner():
        offered = current_session().client.versions()["add_on"]
        if offered["path"] is None:
            st.info("This server has no add-on to give; its administrator can build it with `./scripts/setup`.")
            return
        server = _address().rstrip("/")
        # Blender reads the query of a link that is dropped on it: it then offers to add the repository.
        link = f"{server}{offered['path']}?repository=./index.json"
        st.link_button(f"Download add-on {offered['newest']}", link, icon=":material/download:")
        st.caption(
            "Drag this button into Blender's window; or download it, then in Blender: Edit, Preferences, Add-ons, the "
            "arrow in the corner, Install from Disk."
        )
        st.write("So that Blender finds updates by itself, add this address as a remote repository:")
        st.code(f"{server}{offered['repository']}", language=None, wrap_lines=True)
        st.caption("Edit, Preferences, Get Extensions, Repositories, +, Add Remote Repository.")
        st.caption("Then press N in the 3D view, choose the tab Prompt2Mesh and sign in.")


show()
