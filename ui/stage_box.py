"""The place of the thing itself on the studio page."""

from ui.api_types import Project
from ui.job_panel import draw_empty_stage
from ui.live.view import address_of
from ui.session import UiSession
from ui.viewer_component import draw_viewer

HEIGHT_PX = 560


def draw_stage(session: UiSession, project: Project | None) -> None:
    """The project's scene as it is; a running job brings what it makes of it. Raises: ClientError."""
    if project is None:
        draw_empty_stage("Your scene will appear here.", height_px=HEIGHT_PX)
        return
    picture_id = _picture_of(session, project)
    model_id = project.get("model_id")
    draw_viewer(
        address_of(model_id) if model_id else None,
        address_of(picture_id) if picture_id else None,
        key=f"stage-{project['id']}",
        title=project["name"],
        height=HEIGHT_PX,
        live=project["id"],
    )


def _picture_of(session: UiSession, project: Project) -> str | None:
    """The artifact with the scene's best picture: the newest preview, else the head's thumbnail."""
    files = session.client.artifacts(project_id=project["id"])
    preview = next((file["id"] for file in files if file["kind"] == "preview"), None)
    return preview or project.get("thumbnail_id")
