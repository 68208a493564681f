"""Jobs, as the server tells of them, and as a panel draws the one that is followed."""

from dataclasses import dataclass
from typing import Any, Literal, Self

from . import fields
from .brief_types import Brief

_JOB_STATES = ("queued", "running", "succeeded", "failed", "cancelled")

ENDED = frozenset({"succeeded", "failed", "cancelled"})
"""The states of jobs that change no more."""


@dataclass(frozen=True)
class Usage:
    """What a job has used so far, cached tokens included."""

    tokens: int = 0
    usd: float | None = 0.0

    @classmethod
    def of(cls, value: Any) -> Self:
        data = fields.mapping(value, "the usage")
        counted = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
        return cls(sum(fields.whole(data, name, 0) for name in counted), fields.optional_number(data, "usd"))


@dataclass(frozen=True)
class JobResult:
    """What came of a job that succeeded. `verdict` is the reviewer's summary, `passed` None: nobody has reviewed."""

    model: str = ""
    objects: int = 0
    triangles: int = 0
    steps: int = 0
    seconds: float = 0.0
    usage: Usage = Usage()
    summary: str = ""
    not_built: tuple[str, ...] = ()
    changed: str = ""
    verdict: str = ""
    passed: bool | None = None
    brief: Brief | None = None

    @classmethod
    def of(cls, value: Any) -> Self:
        data = fields.mapping(value, "the result")
        verdict = data.get("verdict")
        judged = {} if verdict is None else fields.mapping(verdict, "the verdict")
        changed = data.get("changed")
        brief = data.get("brief")
        return cls(
            model=fields.line(data, "model", fields.NAME_CHARS, ""),
            objects=fields.whole(data, "objects", 0),
            triangles=fields.whole(data, "triangles", 0),
            steps=fields.whole(data, "steps", 0),
            seconds=fields.number(data, "seconds", 0.0),
            usage=Usage() if data.get("usage") is None else Usage.of(data["usage"]),
            summary=fields.text(data, "summary", fields.TEXT_CHARS, ""),
            not_built=fields.lines(data, "not_built", 50),
            changed="" if changed is None else fields.line(fields.mapping(changed, "changed"), "summary", default=""),
            verdict=fields.text(judged, "summary", 2_000, ""),
            passed=None if verdict is None else judged.get("decision") == "pass",
            brief=None if brief is None else Brief.of(brief),
        )


@dataclass(frozen=True)
class JobTrouble:
    """Why a job failed; `sentence` is for the user."""

    code: str
    sentence: str

    @classmethod
    def of(cls, value: Any) -> Self:
        data = fields.mapping(value, "the job's error")
        return cls(fields.line(data, "code", 80), fields.line(data, "message", 1_000))


@dataclass(frozen=True)
class Job:
    """A job as a list shows it. For one that is followed see `JobView`."""

    id: str
    project_id: str
    kind: str
    prompt: str
    state: str
    created_at: str
    started_at: str
    cancel_requested: bool
    error: JobTrouble | None
    result: JobResult | None

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @classmethod
    def of(cls, value: Any) -> Self:
        data = fields.mapping(value, "a job")
        error, result = data.get("error"), data.get("result")
        state = fields.line(data, "state", 40)
        if state not in _JOB_STATES:
            raise fields.BadAnswer("a job's state is unknown")
        return cls(
            id=fields.identifier(data, "id"),
            project_id=fields.identifier(data, "project_id"),
            kind=fields.line(data, "kind", 40, ""),
            prompt=fields.text(data, "prompt", fields.TEXT_CHARS, ""),
            state=state,
            created_at=fields.line(data, "created_at", 40, ""),
            started_at=fields.line(data, "started_at", 40, ""),
            cancel_requested=fields.switch(data, "cancel_requested", False),
            error=None if error is None else JobTrouble.of(error),
            result=None if result is None else JobResult.of(result),
        )


@dataclass(frozen=True)
class JobView:
    """All that a panel draws of the job that is followed; made in the worker's thread, a new one for each change.

    `began_s`, `ended_s`: by this machine's `time.monotonic()`, None while the job waits in the queue; `link`: whether
    events come (`live`), the connection broke and is tried again (`lost`), or nobody follows any more (`closed`).
    `fraction`: 0 to 1 for a progress bar. `stage_words` and `doing` are for people, `doing` may be empty.
    """

    id: str
    project_id: str
    kind: str
    prompt: str
    state: str = "queued"
    stage: str = ""
    stage_words: str = "Waiting in the queue"
    doing: str = ""
    waiting: str = ""
    fraction: float = 0.0
    steps_done: int = 0
    step_title: str = ""
    said: str = ""
    usage: Usage = Usage()
    usd_limit: float | None = None
    model: str = ""
    picture_id: str | None = None
    brief: Brief | None = None
    error: JobTrouble | None = None
    result: JobResult | None = None
    cancel_requested: bool = False
    link: Literal["live", "lost", "closed"] = "live"
    link_words: str = ""
    began_s: float | None = None
    ended_s: float | None = None

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    def elapsed_s(self, now_s: float) -> float:
        """How long the job has been running at `now_s` (`time.monotonic()`)."""
        if self.result is not None and self.result.seconds:
            return self.result.seconds
        return 0.0 if self.began_s is None else max((self.ended_s or now_s) - self.began_s, 0.0)
