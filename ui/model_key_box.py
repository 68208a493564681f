"""The box on the account page for one's own Claude key."""

import streamlit as st

from ui.api_types import ModelKey
from ui.session import current_session, errors_as_banner
from ui.wording import moment

_FIELD = "model_key_field"


def show_model_key() -> None:
    """Draw the box: what is known of the key, a field for a new one, and the way to remove it."""
    client = current_session().client
    with st.container(border=True):
        st.header("Your own Claude key", anchor=False)
        with errors_as_banner():
            key = client.model_key()
            st.text(_sentence(key))
            with st.form("model_key_form", clear_on_submit=True, border=False):
                entered = st.text_input(
                    "Claude key", type="password", key=_FIELD, autocomplete="off", placeholder="sk-ant-…"
                )
                sent = st.form_submit_button("Test and keep", icon=":material/key:", key="model_key_send")
            if sent and entered.strip():
                client.set_model_key(entered)
                st.rerun()
            if key is not None and st.button("Remove the key", icon=":material/delete:", key="model_key_remove"):
                client.remove_model_key()
                st.rerun()
        st.caption("It is tested, kept encrypted and never shown again. Your jobs are then billed to its account.")


def _sentence(key: ModelKey | None) -> str:
    if key is None:
        return "None: your jobs use this server's own model access."
    since = moment(key["created_at"]).date().isoformat()
    tested = "tested" if key["tested_at"] else "not tested, as its server lists no models"
    return f"…{key['hint']}, entered on {since}, {tested}."
