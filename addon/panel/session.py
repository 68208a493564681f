"""All that the add-on knows for as long as it is registered: the worker, its state, the form, drafts. No Blender here.

It holds no object of Blender's, so a file that is opened or a step that is undone leaves nothing of it dangling.
Blender's main thread only.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Protocol

from ..core import messages as m
from ..core.state import AddonState
from ..core.types import JobView
from .brief_draft import BriefDraft
from .form import Form
from .pages import Pages
from .parameter_draft import ParameterDraft

log = logging.getLogger(__name__)


class AnyWorker(Protocol):
    """What the session needs of `core.worker.Worker`."""

    inbox: "SimpleQueue[m.Message]"

    def start(self) -> None: ...

    def submit(self, order: m.Order) -> None: ...

    def stop(self, timeout_s: float = 1.0) -> bool: ...


@dataclass(frozen=True)
class Choice:
    """How a scene is to arrive, as it was chosen when it was asked for; `file_number`: in which of the user's files."""

    how: str
    where: str
    place: str
    file_number: int


@dataclass
class Arrival:
    """A scene that lies here and is to be brought into the user's."""

    download: m.DownloadFinished
    choice: Choice


@dataclass
class Session:
    """One run of the add-on. `refused`: what the panel itself has to say, in a sentence; "" is nothing."""

    make_worker: Callable[[], AnyWorker]
    worker: AnyWorker | None = None
    state: AddonState = field(default_factory=AddonState)
    form: Form = field(default_factory=Form)
    pages: Pages = field(default_factory=Pages)
    brief: BriefDraft | None = None
    parameters: ParameterDraft | None = None
    server: m.Connect | None = None
    refused: str = ""
    told: str = ""
    file_number: int = 0
    wanted: dict[int, Choice] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    builds: dict[int, Choice | None] = field(default_factory=dict)
    sent_prompt: str = ""
    imports_job: tuple[str, Choice] | None = None
    to_open: str = ""
    changed: bool = True
    _asked: set[str] = field(default_factory=set)

    def submit(self, order: m.Order) -> None:
        """Hand an order to the worker, which is started by the first one."""
        if self.worker is None:
            self.worker = self.make_worker()
            self.worker.start()
            if self.server is not None and not isinstance(order, m.Connect):
                self.worker.submit(self.server)
        if isinstance(order, m.Connect):
            self.server = order
            self._asked.clear()
        self.refused, self.changed = "", True
        self.worker.submit(order)

    def end(self, timeout_s: float = 1.0) -> None:
        """Stop the worker's threads; whatever they were at goes on in the cloud, or is asked for again."""
        worker, self.worker = self.worker, None
        if worker is not None and not worker.stop(timeout_s):
            log.warning("a thread of the add-on has not ended in time")

    def choice(self) -> Choice:
        """How a scene asked for now is to arrive."""
        return Choice(self.form.how, self.form.where, self.form.place, self.file_number)

    def bring(self, order: m.Download) -> None:
        """Download a scene, and bring it in when it is here."""
        self.wanted[order.order_id] = self.choice()
        self.submit(order)

    def build(self, order: m.Build | m.BuildBrief | m.ChangeParameters) -> None:
        """Send what makes a job; its scene is brought in at the end if the user wants that."""
        self.builds[order.order_id] = self.choice() if self.form.imports_when_done else None
        self.submit(order)

    def refuse(self, sentence: str) -> None:
        """Say why something was not done."""
        self.refused, self.changed = sentence, True

    def tell(self, sentence: str) -> None:
        """Say what was done."""
        self.told, self.changed = sentence, True

    def new_file(self) -> None:
        """Another `.blend` is open: what was to be brought into the last one is not brought into this one."""
        self.file_number += 1
        self.form.prompt_text_name = ""
        self.imports_job = None
        self.wanted.clear()
        for arrival in self.arrivals:
            self.submit(m.DropFile(path=arrival.download.path))
        self.arrivals.clear()
        self.changed = True

    def apply(self, message: object) -> None:
        """Take a message of the worker's in, and do what follows from it."""
        self.changed |= self.state.apply(message)
        reaction = _REACTIONS.get(type(message))
        if reaction is not None:
            reaction(self, message)

    def list_projects(self, *, more: bool = False) -> None:
        """Read the user's projects, those that the search field is for."""
        if self.state.signed_in:
            self.submit(m.ListProjects(query=self.form.query.strip(), more=more))

    def ask_for_pictures(self) -> None:
        """Have the pictures brought that are on the pages now, each once."""
        if not self.state.signed_in:
            return
        missing = [own_id for own_id in self._on_pages() if own_id not in self._asked]
        if missing:
            self._asked.update(missing)
            self.submit(m.FetchPictures(artifact_ids=tuple(missing)))

    def _on_pages(self) -> Iterable[str]:
        seen = [card.picture_id for card in self.pages.projects.of(self.state.cards)]
        if self.state.project is not None:
            seen += [each.thumbnail_id for each in self.pages.history.of(self.state.project.snapshots)]
        return dict.fromkeys(own_id for own_id in seen if own_id and own_id not in self.state.pictures)


def _connection(session: Session, message: m.ConnectionChanged) -> None:
    session._asked.clear()
    if message.connection not in ("signed_in", "offline"):
        session.brief, session.parameters, session.imports_job = None, None, None
        session.pages = Pages()


def _code(session: Session, message: m.CodeShown) -> None:
    session.to_open = message.url


def _listed(session: Session, message: m.ProjectsListed) -> None:
    session.pages.projects.keep_within(len(message.cards))
    if message.query != session.form.query.strip():  # read anew by the worker, after a job, without the user's words
        session.list_projects()


def _opened(session: Session, message: m.ProjectOpened) -> None:
    if session.parameters is not None and session.parameters.project_id != message.history.project.id:
        session.parameters = None
        session.pages.history.first = session.pages.parameters.first = 0
    session.pages.history.keep_within(len(message.history.snapshots))
    _parameters_of(session)


def _closed(session: Session, message: m.ProjectClosed) -> None:
    session.parameters = None


def _parameters_of(session: Session) -> None:
    project = session.state.project
    if project is None or project.parameters is None:
        session.parameters = None
        return
    own_id, parameters = project.project.id, project.parameters
    old = session.parameters
    session.parameters = old.renewed(own_id, parameters) if old else ParameterDraft(own_id, parameters)
    session.pages.parameters.keep_within(len(parameters.items))


def _brief(session: Session, message: m.BriefReady) -> None:
    session.brief = BriefDraft(message.job_id, message.brief)


def _followed(session: Session, message: m.JobFollowed) -> None:
    if message.order_id in session.builds:
        choice = session.builds.pop(message.order_id)
        session.imports_job = (message.view.id, choice) if choice else None
        if message.view.kind == "build":
            session.form.sent(session.sent_prompt)
            session.brief = None
            session.state.drop_brief()
    _job(session, message)


def _job(session: Session, message: m.JobFollowed | m.JobChanged) -> None:
    view = message.view
    if view.ended and session.imports_job is not None and session.imports_job[0] == view.id:
        _, choice = session.imports_job
        session.imports_job = None
        if brings_a_scene(view) and choice.file_number == session.file_number:
            order = m.Download(project_id=view.project_id)
            session.wanted[order.order_id] = choice
            session.submit(order)


def brings_a_scene(view: JobView) -> bool:
    """Whether the job has ended with a scene that can be imported."""
    if view.state != "succeeded" or view.kind in ("refine", "export", "compare"):
        return False
    return view.result is None or view.result.objects > 0


def _downloaded(session: Session, message: m.DownloadFinished) -> None:
    choice = session.wanted.pop(message.order_id, None)
    if choice is None or choice.file_number != session.file_number:
        session.submit(m.DropFile(path=message.path))
    else:
        session.arrivals.append(Arrival(message, choice))


def _failed(session: Session, message: m.Failed) -> None:
    session.wanted.pop(message.order_id, None)
    session.builds.pop(message.order_id, None)
    if message.name == "FetchPictures":
        log.debug("pictures were not brought", extra={"code": message.code})


_REACTIONS: dict[type, Callable[[Session, Any], None]] = {
    m.ConnectionChanged: _connection,
    m.CodeShown: _code,
    m.ProjectsListed: _listed,
    m.ProjectOpened: _opened,
    m.ProjectClosed: _closed,
    m.BriefReady: _brief,
    m.JobFollowed: _followed,
    m.JobChanged: _job,
    m.DownloadFinished: _downloaded,
    m.Failed: _failed,
}

_current: list[Session] = []


def begin(session: Session) -> None:
    """From now on this is the session. The one before has been ended."""
    finish()
    _current.append(session)


def finish(timeout_s: float = 1.0) -> None:
    """End the session, if there is one, within `timeout_s`."""
    while _current:
        _current.pop().end(timeout_s)


def current() -> Session | None:
    """The session; None while the add-on is not registered."""
    return _current[0] if _current else None
