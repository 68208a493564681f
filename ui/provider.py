"""Signing in with an OpenID provider: the button in front of every page, and the box on the account page.

The browser itself goes to the API, from there to the provider, and back to this page with a code in its address. Only
together with the cookie that the browser was given is the code worth anything.
"""

from html import escape
from urllib.parse import quote, urlencode

import streamlit as st

from ui.api_errors import ClientError
from ui.api_types import OidcOptions, SignInOptions
from ui.session import current_session, enter, errors_as_banner
from ui.wording import moment, plain

_NOT_KEPT = {"oidc", "invite"}
_TO_CHARS = 500
_DONE = "identity_connected"


def draw_provider_button(oidc: OidcOptions, page_path: str, invite: str) -> None:
    """A link, as the browser itself must go there. It comes back to the page that it stands on."""
    kept = {name: value for name, value in st.query_params.items() if name not in _NOT_KEPT}
    to = f"/{page_path}?{urlencode(kept, quote_via=quote)}" if kept else f"/{page_path}"
    if len(to) > _TO_CHARS:
        to = f"/{page_path}"
    _link(oidc["url"] + "?" + urlencode({"to": to} | ({"invite": invite} if invite else {})), oidc["name"])


def redeem_sign_in(options: SignInOptions) -> bool:
    """Sign in with the code in the page's address. Returns: whether there was one, and it did. Raises: ClientError."""
    code = st.query_params.pop("oidc", "")
    if not code:
        return False
    enter(current_session().client.open_oidc_session(code, _cookie(options)))
    st.query_params.pop("invite", None)
    return True


def show_identities() -> None:
    """Draw the box: what one signs in with at the provider. None is drawn where there is no provider, and never was."""
    client = current_session().client
    with errors_as_banner():
        options = client.sign_in_options()
        oidc = options.get("oidc")
        if "connect" in st.query_params:
            _connect(options)
        found = client.identities()
        if not (oidc or found):
            return
        with st.container(border=True, key="identities"):
            st.caption(f"Sign-in with {plain(oidc['name'])}" if oidc else "Sign-in with a provider")
            if st.session_state.pop(_DONE, False):
                st.success("You can sign in with this identity from now on.", icon=":material/check_circle:")
            for identity in found:
                left, right = st.columns([4, 1], vertical_alignment="center")
                left.text(identity["subject"])
                left.caption(f"At {plain(_host(identity['issuer']))}, since {moment(identity['created_at']).date()}")
                if right.button("Disconnect", key=f"disconnect_{identity['id']}", width="stretch"):
                    client.disconnect_identity(identity["id"])
                    st.rerun()
            if not found:
                st.caption("No identity is connected with this account.")
            if oidc and st.button("Connect an identity", icon=":material/link:", key="connect_identity"):
                _link(client.begin_to_connect(), oidc["name"])


def _connect(options: SignInOptions) -> None:
    code = st.query_params.pop("connect")
    try:
        current_session().client.connect_identity(code, _cookie(options))
        st.session_state[_DONE] = True
    except ClientError as error:
        st.error(plain(str(error)), icon=":material/error:")


def _cookie(options: SignInOptions) -> str:
    """What binds the code to this browser; any other text finds nothing."""
    oidc = options.get("oidc")
    found = st.context.cookies.get(oidc["cookie"]) if oidc else None
    return found if isinstance(found, str) and found else "none"


def _host(issuer: str) -> str:
    """Without https://, which would make a link of it that leads nowhere useful."""
    return issuer.partition("://")[2].rstrip("/")


def _link(url: str, name: str) -> None:
    # Streamlit's own link button opens a new tab, which would leave this one behind.
    st.html(f'<a class="p2m-provider" href="{escape(url)}">Continue with {escape(name)}</a>')
