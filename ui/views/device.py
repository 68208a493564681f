"""The page on which somebody lets a device in: the command line, or the add-on in Blender.

`/device?code=XXXX-XXXX` opens it with the code filled in. Nothing is approved without a click of the person who sees
which device asks.
"""

import streamlit as st

from ui.account_types import WaitingDevice
from ui.api_errors import ApiError
from ui.session import current_session, errors_as_banner
from ui.wording import ago, plain

_LOOKED_UP, _DONE = "device_looked_up", "device_done"
_CLIENTS = {"cli": "A command line", "add-on": "The Blender add-on"}


def show() -> None:
    """Draw the page."""
    with st.container(horizontal_alignment="center"), st.container(width=520, key="device"):
        st.title("Sign in a device", anchor=False)
        done = st.session_state.pop(_DONE, None)
        if done is not None:
            st.info(done, icon=":material/check_circle:")
            return
        with errors_as_banner():
            device = _device_asked_for()
            if device is None:
                _ask_for_code()
            else:
                _ask_whether(device)


def _device_asked_for() -> WaitingDevice | None:
    """The device whose code is in the address; it is asked for once, and the answer kept while the page is open."""
    code = st.query_params.get("code", "").strip()
    if not code:
        return None
    kept = st.session_state.get(_LOOKED_UP)
    if kept is None or kept[0] != code:
        try:
            kept = (code, current_session().client.waiting_device(code))
        except ApiError:
            del st.query_params["code"]
            raise
        st.session_state[_LOOKED_UP] = kept
    return kept[1]


def _ask_for_code() -> None:
    with st.form("device_code_form"):
        st.write("Type the code that your device shows.")
        code = st.text_input("Code", key="device_code", placeholder="XXXX-XXXX", autocomplete="off", max_chars=64)
        sent = st.form_submit_button("Continue", type="primary", key="device_continue")
    if sent and code.strip():
        st.query_params["code"] = code.strip()
        st.rerun()


def _ask_whether(device: WaitingDevice) -> None:
    session = current_session()
    username = session.user["username"] if session.user else ""
    with st.container(border=True):
        st.markdown(f"**{_CLIENTS.get(device['client'], 'A program')}** wants to sign in as **{plain(username)}**.")
        st.code(device["user_code"], language=None)
        facts = {"Says it is": device["device"], "Asks from": device["address"]}
        facts["Began"] = ago(device["created_at"])
        for name, value in facts.items():
            left, right = st.columns([1, 2.4])
            left.caption(name)
            right.text(value or "unknown")
        st.warning(
            "Only go on if you began this yourself just now, and your device shows the same code. It can then do "
            "everything that you can.",
            icon=":material/shield_question:",
        )
        approve, deny = st.columns(2)
        if approve.button("Let it in", type="primary", icon=":material/check:", width="stretch", key="device_approve"):
            _forget_code()
            session.client.approve_device(device["user_code"])
            _finish("The device is let in: it goes on by itself within seconds. You may close this page.")
        if deny.button("Turn it away", icon=":material/block:", width="stretch", key="device_deny"):
            _forget_code()
            session.client.deny_device(device["user_code"])
            _finish("The device is turned away. If you did not begin this, somebody tried to get into your account.")


def _forget_code() -> None:
    """Whatever comes of the answer, there is no second one."""
    st.session_state.pop(_LOOKED_UP, None)
    del st.query_params["code"]


def _finish(words: str) -> None:
    st.session_state[_DONE] = words
    st.rerun()


show()
