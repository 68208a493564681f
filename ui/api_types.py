"""The JSON that the API sends, as the clients see it: names and types only, no behaviour.

The documents of record are `cloud/api/schemas.py` and `cloud/jobs/events.py`; clients know them only over HTTP.
Ids and times stay strings, as they come.
"""

from typing import Any, Literal, NamedTuple, NotRequired, TypedDict

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class User(TypedDict):
    id: str
    username: str
    created_at: str


class Session(TypedDict):
    """What a log-in gives. `token` is shown once; keep it."""

    token: str
    expires_at: str
    user: User


class Project(TypedDict):
    """One evolving scene; `head_snapshot_id` is None while it is empty."""

    id: str
    name: str
    created_at: str
    updated_at: str
    head_snapshot_id: str | None


class UsageTotals(TypedDict):
    """`usd` is in US dollars."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    usd: float


class JobResult(TypedDict):
    """What came of a job. `seconds` from start to end; `timings` says where they went."""

    model: str
    objects: int
    triangles: int
    steps: int
    seconds: float
    usage: UsageTotals
    summary: str
    not_built: list[str]
    timings: dict[str, float]


class JobError(TypedDict):
    code: str
    message: str


class Job(TypedDict):
    id: str
    project_id: str
    kind: Literal["build", "export", "parameters", "compare"]
    prompt: str
    model: str | None
    formats: list[str]
    state: JobState
    outcome: str | None
    error: JobError | None
    result: JobResult | None
    cancel_requested: bool
    created_at: str
    started_at: str | None
    finished_at: str | None


class Artifact(TypedDict):
    """A file. `kind`: reference, picture, thumbnail, preview, scene or script."""

    id: str
    project_id: str
    job_id: str | None
    kind: str
    name: str
    media_type: str
    bytes: int
    sha256: str
    created_at: str


class Problem(TypedDict):
    """An error of the API (RFC 9457)."""

    title: str
    status: int
    detail: str
    code: str
    errors: NotRequired[list[dict[str, Any]] | None]


class JobEvent(NamedTuple):
    """One event of a job: its number within the job, its type (`step.started`, …) and its JSON."""

    seq: int
    type: str
    data: dict[str, Any]
