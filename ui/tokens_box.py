"""The box on the account page with the API tokens: make one, which is shown once, and revoke them."""

import streamlit as st

from ui.account_types import ApiToken
from ui.session import current_session, errors_as_banner
from ui.wording import ago, moment, plain

_NEW = "new_api_token"
_MEANINGS = {
    "read": "read: see your things",
    "build": "build: make and change them",
    "admin": "admin: what admins may",
}
_DAYS: dict[str, int | None] = {"30 days": 30, "90 days": 90, "One year": 365, "Until it is revoked": None}


def show_tokens() -> None:
    """Draw the box."""
    client = current_session().client
    with st.container(border=True):
        st.header("API tokens, for scripts and agents", anchor=False)
        with errors_as_banner():
            _show_new()
            found = list(client.api_tokens())
            if not found:
                st.text("None.")
            for token in found:
                _row(token)
        with st.expander("Make a token", icon=":material/add:"), errors_as_banner():
            _form()


def _show_new() -> None:
    """The token that has just been made, until the person has kept it."""
    made = st.session_state.get(_NEW)
    if made is None:
        return
    with st.container(border=True):
        st.markdown(f"**Copy the token {plain(made['name'])} now.** It is not shown again.")
        st.code(made["token"], language=None, wrap_lines=True)
        if st.button("I have kept it", type="primary", icon=":material/check:", key="token_kept"):
            del st.session_state[_NEW]
            st.rerun()


def _row(token: ApiToken) -> None:
    left, right = st.columns([4, 1], vertical_alignment="center")
    with left:
        st.text(token["name"])
        used = f"last used {ago(token['last_used_at'])}" if token["last_used_at"] else "not used yet"
        st.caption(f"…{plain(token['hint'])} · {', '.join(token['scopes'])} · {used} · {_end_of(token)}")
    if right.button("Revoke", key=f"revoke_token_{token['id']}", width="stretch"):
        current_session().client.revoke_api_token(token["id"])
        st.rerun()


def _end_of(token: ApiToken) -> str:
    ends = token["expires_at"]
    return f"until {moment(ends).date().isoformat()}" if ends else "no expiry"


def _form() -> None:
    session = current_session()
    # Only what an admin may ask for is offered to one.
    offered = [scope for scope in _MEANINGS if scope != "admin" or (session.user or {}).get("is_admin")]
    with st.form("token_form", clear_on_submit=True, border=False):
        name = st.text_input("What is it for?", key="token_name", max_chars=100, autocomplete="off")
        scopes = st.multiselect(
            "It may", offered, default=["read", "build"], format_func=_MEANINGS.__getitem__, key="token_scopes"
        )
        lasts = st.selectbox("It holds for", list(_DAYS), index=1, key="token_lasts")
        sent = st.form_submit_button("Make the token", icon=":material/key:", key="token_make")
    if sent:
        st.session_state[_NEW] = session.client.make_api_token(name, scopes, _DAYS[lasts])
        st.rerun()
