"""What a stranger with a link gets to see: one scene's pictures, its .glb and some numbers, and nothing else."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from cloud.accounts.tokens import hash_of, kind_of
from cloud.errors import NotFound, Prompt2MeshError
from cloud.jobs.deliver import SCENE_PICTURE
from cloud.jobs.sharing import queries

if TYPE_CHECKING:
    from cloud.db.engine import Transaction
    from cloud.db.models import Artifact

ModelState = Literal["ready", "preparing", "none"]


class ShareGone(NotFound):
    """The link shows nothing, for whatever reason: strangers are not told which."""

    def __init__(self) -> None:
        Prompt2MeshError.__init__(
            self, "There is nothing at this link: it is wrong, or has ended. Ask whoever gave it to you for a new one."
        )


@dataclass(frozen=True)
class SharedFile:
    """A file that the page shows or gives."""

    name: str
    media_type: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Shown:
    """The page's content. `made_at` is when the scene was made; counts are None where they are not known."""

    share_id: UUID
    title: str
    made_at: dt.datetime
    expires_at: dt.datetime | None
    objects: int | None
    triangles: int | None
    pictures: Sequence[SharedFile]
    model: SharedFile | None
    model_state: ModelState
    blend: SharedFile
    allow_download: bool


async def find_shown(session: "Transaction", token: str) -> Shown:
    """Raises: ShareGone."""
    live = await queries.find_live(session, hash_of(token)) if kind_of(token) == "shr" else None
    if live is None:
        raise ShareGone
    files = await queries.files_of_job(session, live.job.id) if live.job else ()
    model = _first(files, ("scene",), "scene.glb")
    picture = _first(files, ("preview",), "preview.png") or _first(files, ("picture",), SCENE_PICTURE)
    picture = picture or await queries.picture_of(session, live.snapshot)
    counted = (live.job.result or {}) if live.job and live.job.state == "succeeded" else {}
    state: ModelState = "ready" if model else "none"
    if model is None and live.job is not None and live.job.state in ("queued", "running"):
        state = "preparing"
    blend = SharedFile("scene.blend", "application/x-blender", live.snapshot.sha256, live.snapshot.bytes)
    return Shown(
        share_id=live.share.id,
        title=live.share.title,
        made_at=live.snapshot.created_at,
        expires_at=live.share.expires_at,
        objects=counted.get("objects"),
        triangles=counted.get("triangles"),
        # Its own name may tell of the step that made it.
        pictures=[replace(_file(picture), name=f"picture{PurePosixPath(picture.name).suffix}")] if picture else [],
        model=_file(model) if model else None,
        model_state=state,
        blend=blend,
        allow_download=live.share.allow_download,
    )


def _first(files: "Sequence[Artifact]", kinds: Sequence[str], name: str) -> "Artifact | None":
    return next((file for file in files if file.kind in kinds and file.name == name), None)


def _file(artifact: "Artifact") -> SharedFile:
    return SharedFile(artifact.name, artifact.media_type, artifact.sha256, artifact.bytes)
