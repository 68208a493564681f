"""What the server tells, as frozen values: safe to hand from the worker's thread to Blender's.

Each `of` reads JSON and raises BadAnswer where it is not what the API documents. Ids are UUIDs as texts, times are
texts as they came, sizes are in metres, money is in US dollars (None: unknown).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from . import fields

PARTS_LIMIT = 60
CHECKS_LIMIT = 30
PARAMETERS_LIMIT = 500
_PROJECT_STATES = ("empty", "ready", "busy")
_JOB_STATES = ("queued", "running", "succeeded", "failed", "cancelled")
_PARAMETER_TYPES = ("number", "count", "colour", "switch")

ENDED = frozenset({"succeeded", "failed", "cancelled"})
"""The states of jobs that change no more."""

ParameterValue = bool | int | float | str | tuple[float, ...]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class User:
    """Who is signed in."""

    id: str
    username: str

    @classmethod
    def of(cls, value: Any) -> Self:
        data = fields.mapping(value, "the user")
        return cls(fields.identifier(data, "id"), fields.line(data, "username", fields.NAME_CHARS))


@dataclass(frozen=True)
class Card:
    """A project as a list shows it. `picture_id` is an artifact; `objects`, `triangles`: None where nobody counted."""

    id: str
    name: str
    updated_at: str
    head_snapshot_id: str | None
    picture_id: str | None
    state: str = "ready"
    jobs: int = 0
    last_prompt: str = ""
    active_job_id: str | None = None
    bytes: int = 0
    objects: int | None = None
    triangles: int | None = None
    size_m: tuple[float, float, float] | None = None
    can_undo: bool = False
    can_redo: bool = False

    @classmethod
    def of(cls, value: Any) -> Self:
        """Of a card or of a plain project."""
        data = fields.mapping(value, "a project")
        return cls(
            id=fields.identifier(data, "id"),
            name=fields.line(data, "name", fields.NAME_CHARS),
            updated_at=fields.line(data, "updated_at", 40, ""),
            head_snapshot_id=fields.optional_id(data, "head_snapshot_id"),
            picture_id=fields.optional_id(data, "picture_id") or fields.optional_id(data, "thumbnail_id"),
            state=fields.choice(data, "state", _PROJECT_STATES, "ready"),
            jobs=fields.whole(data, "jobs", 0),
            last_prompt=fields.line(data, "last_prompt", fields.LINE_CHARS, ""),
            active_job_id=fields.optional_id(data, "active_job_id"),
            bytes=fields.whole(data, "bytes", 0),
            objects=fields.optional_whole(data, "objects"),
            triangles=fields.optional_whole(data, "triangles"),
            size_m=fields.lengths(data, "size_m"),
            can_undo=fields.switch(data, "can_undo", False),
            can_redo=fields.switch(data, "can_redo", False),
        )


@dataclass(frozen=True)
class Snapshot:
    """The scene after one step. `parent_id` None: it was made of the empty scene."""

    id: str
    parent_id: str | None
    step: int
    title: str
    label: str
    job_id: str | None
    changed: str
    bytes: int
    sha256: str
    thumbnail_id: str | None
    is_head: bool
    created_at: str

    @classmethod
    def of(cls, value: Any) -> Self:
        data = fields.mapping(value, "a step")
        return cls(
            id=fields.identifier(data, "id"),
            parent_id=fields.optional_id(data, "parent_id"),
            step=fields.whole(data, "step", 0),
            title=fields.line(data, "title", fields.LINE_CHARS, ""),
            label=fields.line(data, "label", fields.NAME_CHARS, ""),
            job_id=fields.optional_id(data, "job_id"),
            changed=fields.line(data, "changed", fields.LINE_CHARS, ""),
            bytes=fields.whole(data, "bytes", 0),
            sha256=fields.digest(data, "sha256"),
            thumbnail_id=fields.optional_id(data, "thumbnail_id"),
            is_head=fields.switch(data, "is_head", False),
            created_at=fields.line(data, "created_at", 40, ""),
        )


@dataclass(frozen=True)
class Parameter:
    """A named number, count, colour or switch of the scene's code.

    `value` of a colour is `#rrggbb` or linear red, green, blue and perhaps alpha (0 to 1 each): send back what came.
    """

    id: str
    label: str
    type: Literal["number", "count", "colour", "switch"]
    value: ParameterValue
    min: float | None
    max: float | None
    unit: str
    description: str
    step: int
    step_title: str

    @classmethod
    def of(cls, value: Any) -> Self:
        data = fields.mapping(value, "a parameter")
        kind: Any = fields.choice(data, "type", _PARAMETER_TYPES, "")
        if not kind:
            raise fields.BadAnswer("a parameter's type is unknown")
        return cls(
            id=fields.line(data, "id", fields.NAME_CHARS),
            label=fields.line(data, "label", fields.NAME_CHARS, "") or fields.line(data, "id", fields.NAME_CHARS),
            type=kind,
            value=_parameter_value(kind, data),
            min=fields.optional_number(data, "min"),
            max=fields.optional_number(data, "max"),
            unit=fields.line(data, "unit", 20, ""),
            description=fields.line(data, "description", fields.LINE_CHARS, ""),
            step=fields.whole(data, "step", 1),
            step_title=fields.line(data, "step_title", fields.LINE_CHARS, ""),
        )


def _parameter_value(kind: str, data: Values) -> ParameterValue:
    value = data.get("value")
    if kind == "switch":
        return fields.switch(data, "value")
    if kind == "count":
        return fields.whole(data, "value")
    if kind == "number":
        return fields.number(data, "value")
    if isinstance(value, str):
        return fields.line(data, "value", 40)
    channels = fields.items(data, "value", 4, lambda each: fields.finite(each, "a colour's channel"))
    if len(channels) < 3:
        raise fields.BadAnswer("a colour has fewer than three channels")
    return channels


@dataclass(frozen=True)
class Parameters:
    """Those of the scene that `head_snapshot_id` is, in the order of its steps."""

    head_snapshot_id: str | None
    items: tuple[Parameter, ...]

    @classmethod
    def of(cls, value: Any) -> Self:
        data = fields.mapping(value, "the parameters")
        return cls(
            fields.optional_id(data, "head_snapshot_id"), fields.items(data, "items", PARAMETERS_LIMIT, Parameter.of)
        )


@dataclass(frozen=True)
class BriefPart:
    """One part of what is to be built; `size_m` is its bounding box along x, y and z."""

    name: str
    size_m: tuple[float, float, float]
    count: int = 1
    material: str = ""
    description: str = ""

    @classmethod
    def of(cls, value: Any) -> Self:
        data = fields.mapping(value, "a part of the brief")
        size_m = fields.lengths(data, "size_m")
        if size_m is None:
            raise fields.BadAnswer("a part of the brief has no size_m")
        return cls(
            name=fields.line(data, "name", 80),
            size_m=size_m,
            count=fields.whole(data, "count", 1),
            material=fields.line(data, "material", 200, ""),
            description=fields.line(data, "description", 1_000, ""),
        )

    def as_json(self) -> dict[str, Any]:
        """As the API takes it."""
        return {
            "name": self.name,
            "size_m": list(self.size_m),
            "count": self.count,
            "material": self.material,
            "description": self.description,
        }


@dataclass(frozen=True)
class Brief:
    """What is to be built: made of the prompt by the server, changed by the user (`dataclasses.replace`), sent back."""

    title: str
    summary: str = ""
    parts: tuple[BriefPart, ...] = ()
    proportions: str = ""
    style: str = ""
    checks: tuple[str, ...] = ()

    @classmethod
    def of(cls, value: Any) -> Self:
        data = fields.mapping(value, "the brief")
        return cls(
            title=fields.line(data, "title", 120),
            summary=fields.text(data, "summary", 4_000, ""),
            parts=fields.items(data, "parts", PARTS_LIMIT, BriefPart.of),
            proportions=fields.text(data, "proportions", 2_000, ""),
            style=fields.text(data, "style", 2_000, ""),
            checks=fields.lines(data, "checks", CHECKS_LIMIT, 300),
        )

    def as_json(self) -> dict[str, Any]:
        """As the API takes it."""
        return {
            "title": self.title,
            "summary": self.summary,
            "parts": [part.as_json() for part in self.parts],
            "proportions": self.proportions,
            "style": self.style,
            "checks": list(self.checks),
        }


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


@dataclass(frozen=True)
class History:
    """An opened project's steps, newest first; `more`: there are older ones than these."""

    project: Card
    snapshots: tuple[Snapshot, ...] = ()
    more: bool = False
    jobs: tuple[Job, ...] = field(default=())
    parameters: Parameters | None = None
