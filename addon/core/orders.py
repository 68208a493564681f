"""What Blender's main thread asks of the worker: frozen values, never an object of Blender."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .types import Brief

Quality = Literal["draft", "standard", "high"]
Detail = Literal["as-is", "concise", "moderate", "comprehensive"]

_numbers = itertools.count(1)


def _new_order_id() -> int:
    return next(_numbers)


@dataclass(frozen=True, kw_only=True)
class Order:
    """Root of what the main thread asks for. `order_id` is made by itself."""

    order_id: int = field(default_factory=_new_order_id)


@dataclass(frozen=True, kw_only=True)
class Connect(Order):
    """Use this server from now on, with the token kept for it, if there is one; also after a change of preferences.

    `online`: `bpy.app.online_access`; while False no request leaves. `proxy`: an address like `http://host:3128`;
    "": what the environment says. Answers: ConnectionChanged, then perhaps JobsFound.
    """

    server: str
    proxy: str = ""
    online: bool = True


@dataclass(frozen=True, kw_only=True)
class SignInWithCode(Order):
    """Answers: CodeShown, and ConnectionChanged when the person has answered in the browser."""


@dataclass(frozen=True, kw_only=True)
class CancelSignIn(Order):
    """Wait for the code no more."""


@dataclass(frozen=True, kw_only=True)
class SignInWithToken(Order):
    """`token`: `p2m_pat_…` or a session's. It never shows in a `repr`."""

    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class SignOut(Order):
    """Revoke the token and forget it. Jobs go on."""


@dataclass(frozen=True, kw_only=True)
class ListProjects(Order):
    """Answers: ProjectsListed. `more`: the next page after those listed last."""

    query: str = ""
    sort: Literal["changed", "created", "name", "size"] = "changed"
    more: bool = False


@dataclass(frozen=True, kw_only=True)
class OpenProject(Order):
    """Answers: ProjectOpened. The same again reads it anew; `more`: with the next older steps."""

    project_id: str
    more: bool = False


@dataclass(frozen=True, kw_only=True)
class CloseProject(Order):
    """The next prompt makes a new project. Answers: ProjectClosed."""


@dataclass(frozen=True, kw_only=True)
class Build(Order):
    """Send a prompt. `project_id` None makes a project. Answers: JobFollowed (JobChanged follow), or Failed.

    `images`: PNG, JPEG, WebP or GIF files, at most 8 with the viewport's. `scene`: a .glb or .blend file that is
    brought into the project first. `reads_brief`: stop at the brief (BriefReady), for BuildBrief. `temporary`: those
    of the files that the worker deletes when it has sent them or given up.
    """

    prompt: str
    project_id: str | None = None
    quality: Quality = "standard"
    detail: Detail = "as-is"
    reads_brief: bool = False
    images: tuple[Path, ...] = ()
    scene: Path | None = None
    temporary: tuple[Path, ...] = ()
    max_usd: float | None = None


@dataclass(frozen=True, kw_only=True)
class BuildBrief(Order):
    """Build the brief as it now is; all else is as the job `job_id` (of BriefReady) was ordered."""

    job_id: str
    brief: Brief


@dataclass(frozen=True, kw_only=True)
class CancelJob(Order):
    """Answers: JobCancelling, and in the end JobChanged with the state `cancelled`."""

    job_id: str


@dataclass(frozen=True, kw_only=True)
class Watch(Order):
    """Follow a job from its beginning: one of JobsFound, or any of one's own."""

    job_id: str


@dataclass(frozen=True, kw_only=True)
class StopWatching(Order):
    """Follow no job any more; it goes on in the cloud. Also puts an ended job away. Answers: JobLeft."""


@dataclass(frozen=True, kw_only=True)
class Move(Order):
    """Change which step the project's scene is. Answers: ProjectOpened. `snapshot_id` for `restore` (or `empty`)."""

    project_id: str
    how: Literal["undo", "redo", "restore"]
    snapshot_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Branch(Order):
    """A new project with this step's scene. Answers: ProjectOpened (the new one)."""

    project_id: str
    snapshot_id: str
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class ChangeParameters(Order):
    """Make the scene anew with these values, by parameter id. Answers: JobFollowed."""

    project_id: str
    values: Mapping[str, Any]
    expected_head: str | None = None


@dataclass(frozen=True, kw_only=True)
class Download(Order):
    """Bring a `.blend` here: of a step, or of the project's scene as it stands (`snapshot_id` None).

    Answers: DownloadChanged, at most 4 a second, then DownloadFinished or Failed.
    """

    project_id: str
    snapshot_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class CancelDownload(Order):
    """End the download of this `order_id`; nothing of it is left."""

    download: int


@dataclass(frozen=True, kw_only=True)
class CancelOrder(Order):
    """The same for a Build of this `order_id` whose files are still being sent."""

    order: int


@dataclass(frozen=True, kw_only=True)
class DropFile(Order):
    """Delete a file that DownloadFinished named, once it is in the scene."""

    path: Path


@dataclass(frozen=True, kw_only=True)
class FetchPictures(Order):
    """Bring pictures here, by artifact id. Answers: one PictureReady each; those that fail are left out."""

    artifact_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Diagnose(Order):
    """Answers: Diagnosed. Works signed out and offline too."""
