"""What the card of a project says, for the painter `ui/studio/gallery.js`. No Streamlit here."""

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from ui.gallery_calls import ProjectCard
from ui.wording import ago, binary_size, count, moment, shortened

_NAME_CHARS = 200
_PROMPT_CHARS = 160


def card_of(project: ProjectCard, now: dt.datetime | None = None) -> dict[str, Any]:
    """All words and addresses of one card. Addresses are relative to the page's base."""
    is_deleted = bool(project.get("deleted_at"))
    name = shortened(project["name"], _NAME_CHARS)
    return {
        "id": project["id"],
        "name": name,
        "href": "" if is_deleted else studio_address(project["id"]),
        "picture": picture_address(project.get("picture_id")),
        "alt": f"Picture of {name}",
        "prompt": shortened(project.get("last_prompt", ""), _PROMPT_CHARS),
        "facts": " · ".join(_facts(project)),
        "changed": _when(project, now),
        "busy": "Running now" if project.get("state") == "busy" else "",
        "has_scene": project["head_snapshot_id"] is not None,
    }


def studio_address(project_id: str) -> str:
    """The studio, which is the first page, opened on this project."""
    return f"./?{urlencode({'project': project_id})}"


def picture_address(artifact_id: str | None) -> str:
    """Where the browser gets this picture; empty: there is none."""
    return f"p2m/api/v1/artifacts/{artifact_id}/content" if artifact_id else ""


def _facts(project: ProjectCard) -> list[str]:
    facts = [count(project["prompts"], "prompt")] if "prompts" in project else []
    if (triangles := project.get("triangles")) is not None:
        facts.append(count(triangles, "triangle"))
    if size := project.get("bytes"):
        facts.append(binary_size(size))
    return facts


def _when(project: ProjectCard, now: dt.datetime | None) -> str:
    deleted_at, purge_at = project.get("deleted_at"), project.get("purge_at")
    if not deleted_at:
        return f"Changed {ago(project['updated_at'], now)}"
    gone = f", kept until {moment(purge_at).date().isoformat()}" if purge_at else ""
    return f"Deleted {ago(deleted_at, now)}{gone}"
