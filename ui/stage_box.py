"""The place of the thing itself on the studio page."""

from html import escape

import streamlit as st

from ui.api_types import Project
from ui.job_panel import draw_empty_stage
from ui.session import UiSession


def draw_stage(session: UiSession, project: Project | None) -> None:
    """The newest picture of the project's scene. Raises: ClientError."""
    picture_id = newest_picture(session, project)
    if picture_id is None:
        draw_empty_stage("Your scene will appear here.")
        return
    with st.container(key="newest-picture"):
        st.html(f'<img src="{escape(address_of(picture_id))}" alt="The newest picture of the scene">')


def newest_picture(session: UiSession, project: Project | None) -> str | None:
    """The artifact with the scene's best picture: the newest preview, else the head's thumbnail."""
    if project is None:
        return None
    files = session.client.artifacts(project_id=project["id"])
    preview = next((file["id"] for file in files if file["kind"] == "preview"), None)
    return preview or project.get("thumbnail_id")


def address_of(artifact_id: str) -> str:
    """Where the browser gets a file, relative to the page's base."""
    return f"p2m/api/v1/artifacts/{artifact_id}/content"
