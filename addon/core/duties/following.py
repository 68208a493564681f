"""Following a job: its events over as many connections as it takes, until it has ended or nobody wants it any more."""

import random
import time

from .. import messages as m
from ..calls import path_of
from ..fields import Json
from ..inner import Follow, ShowPicture
from ..problems import BadAnswer, CoreError, Refused, Stopped, Unreachable
from ..progress import Progress, age_of
from ..sse import Parser
from ..transport import PIECE_BYTES, Answer
from ..types import Job, JobView
from .at import At

SILENCE_S = 45.0
"""The server sends a comment every 15 s, so silence of three times that is a dead connection."""
STREAM_LIMIT_BYTES = 1 << 29
"""Of all events of a job together: a stream that never ends is none."""
RETRY_WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
TELL_EACH_S = 0.125
_LOST = "Connection lost, trying again…"
# After each piece: while a server sends as fast as it can, Blender's thread gets its turns.
_BREATH_S = 0.015
_NUMBER_LIMIT = 10**9
_MADE_SCENES = frozenset({"build", "parameters", "import"})


def watch(at: At, order: m.Watch) -> None:
    """Follow a job by its id."""
    job, now = at.calls.job(order.job_id)
    _Following(at, job, age_of(job.started_at, now)).run(order.order_id)


def follow(at: At, order: Follow) -> None:
    """Follow a job that has just been sent."""
    job = order.job
    _Following(at, job, age_of(job.started_at, None)).run(order.asked_by)


def stop_watching(at: At, order: m.StopWatching) -> None:
    """The worker has ended the following already."""
    at.desk.followed = None
    at.say(m.JobLeft())


class _Following:
    def __init__(self, at: At, job: Job, age_s: float | None) -> None:
        self._at = at
        self._progress = Progress(job, time.monotonic(), age_s)
        self._told = self._progress.view
        self._after = 0
        self._bytes = 0

    def run(self, order_id: int) -> None:
        """Until the job has ended. Raises: CoreError: it cannot be followed."""
        self._at.desk.followed = self._told.id
        self._at.say(m.JobFollowed(self._told, order_id))
        try:
            self._read_to_the_end()
        except Stopped:
            raise
        except CoreError:
            self._progress.link("closed", "This job is not followed any more.")
            self._tell()
            raise
        finally:
            self._at.desk.followed = None
        self._finish(self._progress.view)

    def _read_to_the_end(self) -> None:
        failures = 0
        while not self._progress.view.ended:
            before, least_s = self._after, 0.0
            try:
                self._read_one_connection()
            except (Unreachable, Refused) as error:
                if error.kind != "again":
                    raise
                least_s = min(getattr(error, "retry_after_s", None) or 0.0, RETRY_WAITS_S[-1])
            if self._progress.view.ended:
                return
            failures = 1 if self._after > before else failures + 1
            self._progress.link("lost", _LOST)
            self._tell()
            wait_s = RETRY_WAITS_S[min(failures, len(RETRY_WAITS_S)) - 1]
            self._at.lane.line.wait(max(wait_s * random.uniform(0.5, 1.0), least_s))

    def _read_one_connection(self) -> None:
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": str(self._after)} if self._after else {})
        path = path_of("jobs", self._progress.view.id, "events")
        transport = self._at.calls.transport
        with transport.open("GET", path, limit_s=SILENCE_S, read_s=SILENCE_S, headers=headers) as answer:
            self._demand_stream(answer)
            self._progress.link("live")
            parser = Parser()
            while piece := answer.piece():
                transport.line.extend(SILENCE_S)
                self._count(piece)
                for event in parser.feed(piece):
                    self._take(event.number, event.type, event.data)
                told = self._tell()
                if self._progress.view.ended:
                    return
                transport.line.wait(TELL_EACH_S if told and len(piece) < PIECE_BYTES else _BREATH_S)

    def _demand_stream(self, answer: Answer) -> None:
        if not (answer.header("Content-Type") or "").lower().startswith("text/event-stream"):
            raise BadAnswer("the job's events are no event stream")

    def _count(self, piece: bytes) -> None:
        self._bytes += len(piece)
        if self._bytes > STREAM_LIMIT_BYTES:
            raise BadAnswer("the job's events do not end")

    def _take(self, number: int | None, kind: str, data: Json) -> None:
        if number is None and kind != "text.delta":
            return
        if number is not None:
            if number <= self._after:
                return
            if number > _NUMBER_LIMIT:
                raise BadAnswer("an event's number is too large")
            self._after = number
        self._progress.apply(kind, data, time.monotonic())

    def _tell(self) -> bool:
        """What is new, to the main thread. Returns: whether there is something."""
        view = self._progress.view
        if view == self._told:
            return False
        if view.picture_id is not None and view.picture_id != self._told.picture_id:
            self._at.desk.pass_on(ShowPicture(artifact_id=view.picture_id, job_id=view.id))
        self._told = view
        self._at.say(m.JobChanged(view))
        return True

    def _finish(self, view: JobView) -> None:
        """What follows from the job's end."""
        if view.kind == "refine" and view.state == "succeeded" and view.brief is not None:
            self._at.say(m.BriefReady(view.id, view.project_id, view.brief))
        if view.kind in _MADE_SCENES and self._at.desk.open_project in (None, view.project_id):
            self._at.desk.pass_on(m.OpenProject(project_id=view.project_id))
            self._at.desk.list_again()
