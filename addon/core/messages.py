"""What Blender's main thread and the worker's threads say to each other: frozen values, never an object of Blender.

Orders go in by `Worker.submit`; each has an `order_id`, which the messages that answer it carry, so that a panel can
tell whose failure it shows. Messages come out of `Worker.inbox`, in order.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .problems import Kind
from .types import Brief, Card, History, Job, JobView, User

Connection = Literal["signed_out", "code_shown", "signing_in", "signed_in", "offline"]
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


@dataclass(frozen=True)
class Message:
    """Root of what the worker says."""


@dataclass(frozen=True)
class ConnectionChanged(Message):
    """How we stand with the server; `sentence` says why, "" where all is well. `user` only when signed in."""

    connection: Connection
    sentence: str = ""
    server: str = ""
    user: User | None = None
    by_token: bool = False


@dataclass(frozen=True)
class CodeShown(Message):
    """Show `user_code` and open `url` in the browser (it has the code in it; `plain_url` has not).

    It holds until `until_s` of `time.monotonic()`.
    """

    user_code: str
    url: str
    plain_url: str
    until_s: float


@dataclass(frozen=True)
class VersionChecked(Message):
    """`sentence` is empty where the versions fit. `blocks`: nothing can be done with this server."""

    server_version: str
    sentence: str
    blocks: bool


@dataclass(frozen=True)
class ProjectsListed(Message):
    """All cards listed so far for `query`; `more`: there are more."""

    cards: tuple[Card, ...]
    more: bool
    query: str = ""


@dataclass(frozen=True)
class ProjectOpened(Message):
    """The project that is open, as it now stands."""

    history: History


@dataclass(frozen=True)
class ProjectClosed(Message):
    """No project is open."""


@dataclass(frozen=True)
class JobsFound(Message):
    """Jobs of the user's that go on, newest first: offer to watch them."""

    jobs: tuple[Job, ...]


@dataclass(frozen=True)
class JobFollowed(Message):
    """From now on JobChanged tells of this job. `order_id`: who asked; 0: nobody."""

    view: JobView
    order_id: int = 0


@dataclass(frozen=True)
class JobChanged(Message):
    """The followed job, as it now stands; at most 8 a second, the last one always."""

    view: JobView


@dataclass(frozen=True)
class JobLeft(Message):
    """No job is followed any more: the answer to StopWatching."""


@dataclass(frozen=True)
class JobCancelling(Message):
    """The server has heard that the job is to end; its end comes as JobChanged."""

    job_id: str


@dataclass(frozen=True)
class BriefReady(Message):
    """A brief to read, change and send with BuildBrief."""

    job_id: str
    project_id: str
    brief: Brief


@dataclass(frozen=True)
class PictureReady(Message):
    """The artifact is this file: a PNG, JPEG or WebP in the add-on's own folder. `job_id`: newest picture of it."""

    artifact_id: str
    path: Path
    job_id: str | None = None


@dataclass(frozen=True)
class DownloadChanged(Message):
    """`total_bytes` 0: unknown."""

    order_id: int
    got_bytes: int
    total_bytes: int


@dataclass(frozen=True)
class DownloadFinished(Message):
    """The whole file is at `path`, checked; delete it by DropFile. `snapshot_id`: which scene it is."""

    order_id: int
    path: Path
    project_id: str
    project_name: str
    snapshot_id: str
    bytes: int


@dataclass(frozen=True)
class UploadChanged(Message):
    """How much of a Build's files has been sent."""

    order_id: int
    sent_bytes: int
    total_bytes: int


@dataclass(frozen=True)
class Working(Message):
    """The worker is at this order (`name`: its class's), or no more: for grey buttons."""

    order_id: int
    name: str
    on: bool


@dataclass(frozen=True)
class Failed(Message):
    """An order came to nothing. `order_id` 0: nobody asked for it. `name`: the order's class's name."""

    order_id: int
    name: str
    sentence: str
    kind: Kind
    code: str


@dataclass(frozen=True)
class Diagnosed(Message):
    """The report: lines of plain text without secrets. `sentence`: the worst of it, "" where all is well."""

    report: str
    sentence: str
