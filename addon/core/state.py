"""What the panel draws: the sum of all messages so far. Kept and changed by Blender's main thread alone."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from . import messages as m
from .problems import Kind
from .types import Brief, Card, History, Job, JobView, User

PICTURES_KEPT = 400


@dataclass
class DownloadState:
    """A download that goes on (`path` None), or has ended well."""

    order_id: int
    got_bytes: int = 0
    total_bytes: int = 0
    path: Path | None = None
    project_id: str = ""
    project_name: str = ""
    snapshot_id: str = ""

    @property
    def fraction(self) -> float:
        """0 to 1; 0 where the size is unknown."""
        return min(self.got_bytes / self.total_bytes, 1.0) if self.total_bytes else 0.0


@dataclass(frozen=True)
class Trouble:
    """The last error. `kind` says who can help."""

    sentence: str
    kind: Kind
    code: str
    order_name: str
    order_id: int


@dataclass
class AddonState:
    """Changed by `apply` alone, apart from what the panel clears (`trouble`, `brief`). `revision` counts changes."""

    revision: int = 0
    connection: m.Connection = "signed_out"
    connection_words: str = ""
    server: str = ""
    user: User | None = None
    by_token: bool = False
    code: m.CodeShown | None = None
    version_words: str = ""
    version_blocks: bool = False
    cards: tuple[Card, ...] = ()
    more_cards: bool = False
    cards_query: str = ""
    project: History | None = None
    job: JobView | None = None
    job_picture: Path | None = None
    jobs_found: tuple[Job, ...] = ()
    brief: Brief | None = None
    brief_job_id: str = ""
    brief_project_id: str = ""
    pictures: dict[str, Path] = field(default_factory=dict)
    downloads: dict[int, DownloadState] = field(default_factory=dict)
    upload: m.UploadChanged | None = None
    working: dict[int, str] = field(default_factory=dict)
    trouble: Trouble | None = None
    report: str = ""
    report_words: str = ""

    @property
    def signed_in(self) -> bool:
        return self.connection == "signed_in"

    @property
    def job_runs(self) -> bool:
        """Whether the followed job has not ended."""
        return self.job is not None and not self.job.ended

    @property
    def busy(self) -> bool:
        """Whether something goes on that the panel should look at often."""
        running = any(download.path is None for download in self.downloads.values())
        return running or self.job_runs or bool(self.working) or self.connection in ("code_shown", "signing_in")

    def at_work(self, *names: str) -> bool:
        """Whether an order of one of these classes' names is being worked at."""
        return any(name in names for name in self.working.values())

    def apply(self, message: object) -> bool:
        """Take one message in. Cheap, and never raises. Returns: whether there is something new to draw."""
        change = _CHANGES.get(type(message))
        if change is None:
            return False
        change(self, message)
        self.revision += 1
        return True

    def clear_trouble(self) -> None:
        """The user has read it."""
        self.trouble = None
        self.revision += 1

    def drop_brief(self) -> None:
        """The user wants no brief to be built, or has sent it."""
        self.brief, self.brief_job_id, self.brief_project_id = None, "", ""
        self.revision += 1


def _connection(state: AddonState, message: m.ConnectionChanged) -> None:
    state.connection, state.connection_words = message.connection, message.sentence
    state.server, state.by_token = message.server, message.by_token
    if message.connection == "signed_in":
        state.user = message.user
    if message.connection != "code_shown":
        state.code = None
    if message.connection in ("signed_out", "code_shown", "signing_in"):
        _forget_the_user(state)


def _forget_the_user(state: AddonState) -> None:
    state.user, state.cards, state.more_cards, state.project = None, (), False, None
    state.job, state.job_picture, state.jobs_found, state.upload = None, None, (), None
    state.brief, state.brief_job_id, state.brief_project_id = None, "", ""
    state.downloads.clear()
    state.pictures.clear()


def _code(state: AddonState, message: m.CodeShown) -> None:
    state.connection, state.connection_words, state.code = "code_shown", "", message


def _version(state: AddonState, message: m.VersionChecked) -> None:
    state.version_words, state.version_blocks = message.sentence, message.blocks


def _cards(state: AddonState, message: m.ProjectsListed) -> None:
    state.cards, state.more_cards, state.cards_query = message.cards, message.more, message.query


def _project(state: AddonState, message: m.ProjectOpened) -> None:
    state.project = message.history
    card = message.history.project
    state.cards = tuple(_newer(each, card) if each.id == card.id else each for each in state.cards)


def _newer(old: Card, new: Card) -> Card:
    return replace(new, last_prompt=new.last_prompt or old.last_prompt, jobs=new.jobs or old.jobs)


def _closed(state: AddonState, message: m.ProjectClosed) -> None:
    state.project = None


def _found(state: AddonState, message: m.JobsFound) -> None:
    state.jobs_found = message.jobs


def _followed(state: AddonState, message: m.JobFollowed) -> None:
    if state.job is None or state.job.id != message.view.id:
        state.job_picture = None
    state.job, state.upload, state.trouble = message.view, None, None
    state.jobs_found = tuple(job for job in state.jobs_found if job.id != message.view.id)


def _job(state: AddonState, message: m.JobChanged) -> None:
    if state.job is not None and state.job.id == message.view.id:
        state.job = message.view


def _cancelling(state: AddonState, message: m.JobCancelling) -> None:
    if state.job is not None and state.job.id == message.job_id and not state.job.ended:
        state.job = replace(state.job, cancel_requested=True)


def _left(state: AddonState, message: m.JobLeft) -> None:
    state.job, state.job_picture = None, None


def _brief(state: AddonState, message: m.BriefReady) -> None:
    state.brief, state.brief_job_id, state.brief_project_id = message.brief, message.job_id, message.project_id


def _picture(state: AddonState, message: m.PictureReady) -> None:
    state.pictures[message.artifact_id] = message.path
    while len(state.pictures) > PICTURES_KEPT:
        del state.pictures[next(iter(state.pictures))]
    if message.job_id is not None and state.job is not None and state.job.id == message.job_id:
        state.job_picture = message.path


def _download(state: AddonState, message: m.DownloadChanged) -> None:
    download = state.downloads.setdefault(message.order_id, DownloadState(message.order_id))
    download.got_bytes, download.total_bytes = message.got_bytes, message.total_bytes


def _downloaded(state: AddonState, message: m.DownloadFinished) -> None:
    state.downloads[message.order_id] = DownloadState(
        message.order_id,
        message.bytes,
        message.bytes,
        message.path,
        message.project_id,
        message.project_name,
        message.snapshot_id,
    )


def _upload(state: AddonState, message: m.UploadChanged) -> None:
    state.upload = message


def _working(state: AddonState, message: m.Working) -> None:
    if message.on:
        state.working[message.order_id] = message.name
        if state.trouble is not None and state.trouble.order_name == message.name:
            state.trouble = None  # it is tried again
    else:
        state.working.pop(message.order_id, None)
        if state.upload is not None and state.upload.order_id == message.order_id:
            state.upload = None


def _failed(state: AddonState, message: m.Failed) -> None:
    state.downloads.pop(message.order_id, None)
    state.working.pop(message.order_id, None)
    if message.code != "stopped":
        state.trouble = Trouble(message.sentence, message.kind, message.code, message.name, message.order_id)


def _diagnosed(state: AddonState, message: m.Diagnosed) -> None:
    state.report, state.report_words = message.report, message.sentence


_CHANGES = {
    m.ConnectionChanged: _connection,
    m.CodeShown: _code,
    m.VersionChecked: _version,
    m.ProjectsListed: _cards,
    m.ProjectOpened: _project,
    m.ProjectClosed: _closed,
    m.JobsFound: _found,
    m.JobFollowed: _followed,
    m.JobChanged: _job,
    m.JobCancelling: _cancelling,
    m.JobLeft: _left,
    m.BriefReady: _brief,
    m.PictureReady: _picture,
    m.DownloadChanged: _download,
    m.DownloadFinished: _downloaded,
    m.UploadChanged: _upload,
    m.Working: _working,
    m.Failed: _failed,
    m.Diagnosed: _diagnosed,
}
