"""The box on the account page with the sessions: where one is signed in, and the way to end that."""

import streamlit as st

from ui.account_types import SignedInClient
from ui.session import current_session, errors_as_banner, forget_user, sign_out
from ui.wording import ago, moment

_CLIENTS = {
    "web": ("Web page", ":material/language:"),
    "cli": ("Command line", ":material/terminal:"),
    "add-on": ("Blender add-on", ":material/extension:"),
}
_SHOWN_AT_MOST = 50


def show_sessions() -> None:
    """Draw the box."""
    client = current_session().client
    with st.container(border=True):
        st.header("Where you are signed in", anchor=False)
        with errors_as_banner():
            found = sorted(client.sessions(), key=lambda each: (not each["is_current"], each["last_used_at"]))
            here = [each for each in found if each["is_current"]]
            others = [each for each in reversed(found) if not each["is_current"]]
            for session in [*here, *others][:_SHOWN_AT_MOST]:
                _row(session)
            if len(found) > _SHOWN_AT_MOST:
                st.caption(f"and {len(found) - _SHOWN_AT_MOST} more")
            left, right = st.columns(2)
            if left.button("Sign out everywhere else", width="stretch", key="end_other_sessions", disabled=not others):
                client.end_sessions("others")
                st.rerun()
            if right.button("Sign out everywhere", width="stretch", key="end_all_sessions"):
                client.end_sessions("all")
                forget_user("You are signed out everywhere.")
                st.rerun()


def _row(session: SignedInClient) -> None:
    name, icon = _CLIENTS.get(session["client"], ("Program", ":material/code:"))
    left, right = st.columns([4, 1], vertical_alignment="center")
    with left:
        st.markdown(f"{icon} **{name}**" + (" · this one" if session["is_current"] else ""))
        st.text(" · ".join(each for each in (session["device"], session["address"]) if each) or "unknown device")
        since = moment(session["created_at"]).date().isoformat()
        st.caption(f"Since {since}, last used {ago(session['last_used_at'])}")
    if right.button("Sign out", key=f"end_session_{session['id']}", width="stretch"):
        if session["is_current"]:
            sign_out()
        else:
            current_session().client.end_session(session["id"])
        st.rerun()
