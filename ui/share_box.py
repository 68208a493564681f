"""The box on a project's page with its public links: make one, which is shown once, and revoke them."""

import streamlit as st

from ui.api_types import Project
from ui.session import current_session, errors_as_banner
from ui.share_calls import Share
from ui.wording import ago, moment, plain

_NEW = "new_share"
_DAYS: dict[str, int | None] = {"7 days": 7, "30 days": 30, "One year": 365, "Until it is revoked": None}


def show_shares(project: Project) -> None:
    """Draw the box; nothing where the project has no scene."""
    if project["head_snapshot_id"] is None:
        return
    with st.container(key="share"), errors_as_banner():
        _show_new(project["id"])
        for share in current_session().client.shares(project["id"]):
            _row(share)
        _form(project["id"])


def _show_new(project_id: str) -> None:
    """The link that has just been made, until the person has kept it."""
    made = st.session_state.get(_NEW)
    if made is None or made["project_id"] != project_id:
        return
    with st.container(border=True):
        st.markdown("**Copy the link now.** It is not shown again.")
        st.code(made["url"], language=None, wrap_lines=True)
        if made["job_id"] is not None:
            st.caption("Its 3D model is being made; until then the page shows the picture.")
        if st.button("I have kept it", type="primary", icon=":material/check:", key="share_kept"):
            del st.session_state[_NEW]
            st.rerun()


def _row(share: Share) -> None:
    left, right = st.columns([3, 1], vertical_alignment="center")
    with left:
        st.text(share["title"] or "Without a title")
        files = "with downloads" if share["allow_download"] else "no downloads"
        seen = f"{share['views']} view{'s' if share['views'] != 1 else ''}"
        st.caption(f"…{plain(share['hint'])} · {ago(share['created_at'])} · {seen} · {files} · {_end_of(share)}")
    if right.button("Revoke", key=f"revoke_share_{share['id']}", width="stretch"):
        current_session().client.revoke_share(share["project_id"], share["id"])
        st.rerun()


def _end_of(share: Share) -> str:
    ends = share["expires_at"]
    return f"until {moment(ends).date().isoformat()}" if ends else "no expiry"


def _form(project_id: str) -> None:
    with st.form("share_form", clear_on_submit=True, border=False):
        st.caption("Whoever has the link sees the scene as it is now: picture, 3D model and title, nothing else.")
        title = st.text_input("Title of the page", key="share_title", max_chars=200, autocomplete="off")
        lasts = st.selectbox("It works for", list(_DAYS), index=1, key="share_lasts")
        allow = st.checkbox("People may download the .blend and the .glb", key="share_download")
        sent = st.form_submit_button("Make a link", icon=":material/add_link:", key="share_make")
    if sent:
        st.session_state[_NEW] = current_session().client.share_scene(
            project_id, title=title, allow_download=allow, expires_in_days=_DAYS[lasts]
        )
        st.rerun()
