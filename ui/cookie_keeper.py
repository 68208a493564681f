"""The piece of script that has the browser's cookie set or taken back. It draws nothing."""

import streamlit as st
from streamlit.components.v2 import component

from ui.session import FORGET, current_session

_SCRIPT = """
let last = "";
export default function ({ data }) {
  if (!data || data.ticket === last) return;
  last = data.ticket;
  const asked = data.forget ? { method: "DELETE", body: data.whose } : { method: "POST", body: data.ticket };
  const send = (waitMs) => fetch(new URL("p2m/session", document.baseURI), { credentials: "same-origin", ...asked })
    .catch(() => { if (waitMs < 60000 && last === data.ticket) setTimeout(() => send(2 * waitMs), waitMs); });
  send(500);
}
"""

_keep = component("p2m_cookie", js=_SCRIPT)


def keep_cookie() -> None:
    """Have the browser keep the session that has just begun, or forget the one that has ended."""
    session = current_session()
    if session.ticket:
        asked = {"ticket": session.ticket, "forget": session.ticket == FORGET, "whose": session.fingerprint}
        with st.container(key="cookie-keeper"):
            _keep(key="cookie", data=asked)
