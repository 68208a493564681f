"""What stands in front of every page: sign in, make an account, or set a new password with a link that works once.

The links of the server end in `?invite=`, `?reset=` or `?claim=` and a code.
"""

import streamlit as st

from ui.api_errors import ClientError
from ui.api_types import SignInOptions
from ui.first_field import focus_field
from ui.provider import draw_provider_button, redeem_sign_in
from ui.session import current_session, errors_as_banner, sign_in

_BRAND = '<h1 class="p2m-brand">Prompt2Mesh</h1>'
_LIKELY: SignInOptions = {"sign_up": "open", "password_least_chars": 8, "password_most_chars": 256}


def draw_sign_in(page_path: str = "") -> None:
    """Draw the forms; a success runs the page again. `page_path`: of the page that waits behind."""
    with st.container(horizontal_alignment="center"), st.container(width=480, key="sign-in"):
        st.html(_BRAND)
        st.caption("Say what you want, watch it being built in a real Blender, download a .blend that you can edit.")
        notice = current_session().notice
        if notice:
            st.info(notice, icon=":material/info:")
        options = _options()
        with errors_as_banner():
            if redeem_sign_in(options):
                _enter(st.query_params.get("claim", ""))
        if "reset" in st.query_params:
            _reset_form(options)
            focus_field("reset_password")
            return
        invite = st.query_params.get("invite", "")
        claim = st.query_params.get("claim", "")
        if claim:
            st.info("Sign in, or create an account, to become the admin of this server.", icon=":material/key:")
        if "connect" in st.query_params:
            st.info("Sign in to your account, to connect the identity with it.", icon=":material/link:")
        tabs = ["Sign in", "Create account"] if options["sign_up"] != "closed" or claim else ["Sign in"]
        drawn = st.tabs(tabs, default="Create account" if invite and len(tabs) > 1 else None)
        with drawn[0]:
            _sign_in_form(claim)
            if provider := options.get("oidc"):
                draw_provider_button(provider, page_path, invite)
        if len(drawn) > 1:
            with drawn[1]:
                _sign_up_form(options, invite or claim)
        focus_field("sign_up_name" if invite and len(tabs) > 1 else "sign_in_name")


def _options() -> SignInOptions:
    """What the server says, asked once in a session; a server that does not answer tells that when it is used."""
    if "sign_in_options" not in st.session_state:
        try:
            st.session_state["sign_in_options"] = current_session().client.sign_in_options()
        except ClientError:
            return _LIKELY
    return st.session_state["sign_in_options"]


def _sign_in_form(claim: str) -> None:
    with st.form("sign_in"):
        username = st.text_input("User name", key="sign_in_name", autocomplete="username")
        password = st.text_input("Password", type="password", key="sign_in_password", autocomplete="current-password")
        asked = st.form_submit_button("Sign in", type="primary", width="stretch", key="sign_in_button")
    if asked:
        with errors_as_banner():
            sign_in(username, password)
            _enter(claim)


def _forget_links() -> None:
    """Codes that have been used leave the address; what else it holds leads on, to a device for one."""
    for name in ("claim", "invite", "reset"):
        st.query_params.pop(name, None)


def _enter(claim: str) -> None:
    """To the page, as somebody who has just signed in; with this code, as the first admin."""
    if claim:
        _forget_links()
        current_session().user = current_session().client.claim_admin(claim)
    st.rerun()


def _sign_up_form(options: SignInOptions, code: str) -> None:
    with st.form("sign_up"):
        username = st.text_input("User name", key="sign_up_name", autocomplete="username")
        password = _new_password(options, "sign_up_password")
        if options["sign_up"] == "invite" and not code:
            code = st.text_input("Invite", key="sign_up_invite", autocomplete="off", placeholder="p2m_lnk_…")
        asked = st.form_submit_button("Create account", type="primary", width="stretch", key="sign_up_button")
    if asked:
        with errors_as_banner():
            current_session().client.sign_up(username, password, code.strip() or None)
            _forget_links()
            sign_in(username, password)
            st.rerun()


def _reset_form(options: SignInOptions) -> None:
    with st.form("reset"):
        password = _new_password(options, "reset_password")
        asked = st.form_submit_button("Set the new password", type="primary", width="stretch", key="reset_button")
    if asked:
        with errors_as_banner():
            current_session().client.reset_password(st.query_params["reset"], password)
            _forget_links()
            current_session().notice = "Your password is set; sign in with it."
            st.rerun()


def _new_password(options: SignInOptions, key: str) -> str:
    least = options["password_least_chars"]
    hint = f"At least {least} characters, of any kind; spaces are fine. Common passwords are refused."
    return st.text_input("Password", type="password", key=key, autocomplete="new-password", help=hint)
