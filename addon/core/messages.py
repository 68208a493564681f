"""What Blender's main thread and the worker's threads say to each other: frozen values, never an object of Blender.

Orders go in by `Worker.submit`; each has an `order_id`, which the messages that answer it carry, so that a panel can
tell whose failure it shows. Messages come out of `Worker.inbox`, in order.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .orders import (
    Branch,
    Build,
    BuildBrief,
    CancelDownload,
    CancelJob,
    CancelOrder,
    CancelSignIn,
    ChangeParameters,
    CloseProject,
    Connect,
    Detail,
    Diagnose,
    Download,
    DropFile,
    FetchPictures,
    ListProjects,
    Move,
    OpenProject,
    Order,
    Quality,
    SignInWithCode,
    SignInWithToken,
    SignOut,
    StopWatching,
    Watch,
)
from .problems import Kind
from .types import Brief, Card, History, Job, JobView, User

__all__ = [
    "Branch",
    "BriefReady",
    "Build",
    "BuildBrief",
    "CancelDownload",
    "CancelJob",
    "CancelOrder",
    "CancelSignIn",
    "ChangeParameters",
    "CloseProject",
    "CodeShown",
    "Connect",
    "Connection",
    "ConnectionChanged",
    "Detail",
    "Diagnose",
    "Diagnosed",
    "Download",
    "DownloadChanged",
    "DownloadFinished",
    "DropFile",
    "Failed",
    "FetchPictures",
    "JobCancelling",
    "JobChanged",
    "JobFollowed",
    "JobLeft",
    "JobsFound",
    "ListProjects",
    "Message",
    "Move",
    "OpenProject",
    "Order",
    "PictureReady",
    "ProjectClosed",
    "ProjectOpened",
    "ProjectsListed",
    "Quality",
    "SignInWithCode",
    "SignInWithToken",
    "SignOut",
    "StopWatching",
    "UploadChanged",
    "VersionChecked",
    "Watch",
    "Working",
]

Connection = Literal["signed_out", "code_shown", "signing_in", "signed_in", "offline"]


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
