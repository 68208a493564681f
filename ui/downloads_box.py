"""The box with everything that can be taken home of a project's scene."""

import contextlib

import streamlit as st

from ui.api_types import Project
from ui.download_list import DownloadList
from ui.painted import Painted, asked
from ui.session import current_session, errors_as_banner

REFRESHED_EVERY_S = 0.7
_LIST = "download_list"

_painted = Painted("p2m_downloads", script="downloads.js", styles=("shared.css", "downloads.css"))


def draw_downloads_of(project: Project) -> None:
    """Draw the box. Ready files come at a click, by their addresses; the others are made first, in place.

    Once on a page at most. Where the project has no scene, it says so.
    """
    if project["head_snapshot_id"] is None:
        st.caption("There is nothing to download yet: the first scene comes with the first prompt.")
        return
    shown = _list_of(project)
    with errors_as_banner():
        shown.load()
    _draw(shown)


@st.fragment
def _draw(shown: DownloadList) -> None:
    key = f"downloads-{shown.project['id']}"
    with errors_as_banner():
        for message in st.session_state.pop(f"{key}_inbox", []):
            # What is none of ours (an old script in a page that was never reloaded) is left.
            with contextlib.suppress(KeyError, ValueError):
                shown.act(message)
    if shown.found is None:
        return

    def hear() -> None:
        st.session_state.setdefault(f"{key}_inbox", []).extend(asked(key))

    _painted.draw(key, {**shown.shown(), "refresh_s": REFRESHED_EVERY_S}, on_asked=hear)


def _list_of(project: Project) -> DownloadList:
    """That of this project, kept for as long as the session looks at it."""
    client = current_session().client
    kept: DownloadList | None = st.session_state.get(_LIST)
    if kept is None or kept.client is not client or kept.project["id"] != project["id"]:
        if kept is not None:
            kept.stop()
        kept = st.session_state[_LIST] = DownloadList(client, project)
    return kept
