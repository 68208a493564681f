"""The JSON that the API sends, as the clients see it: names and types only, no behaviour.

The documents of record are `cloud/api/schemas.py` and `cloud/jobs/events.py`; clients know them only over HTTP.
Ids and times stay strings, as they come.
"""

from typing import Any, Literal, NamedTuple, NotRequired, TypedDict

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Quality = Literal["draft", "standard", "high"]
Detail = Literal["as-is", "concise", "moderate", "comprehensive"]


class User(TypedDict):
    id: str
    username: str
    is_admin: bool
    has_password: bool
    created_at: str


class Session(TypedDict):
    """What a log-in gives. `token` is shown once; keep it."""

    id: str
    token: str
    expires_at: str
    ends_at: str | None
    user: User


class OidcOptions(TypedDict):
    """An OpenID provider to sign in with: what people call it, where a browser begins, and the cookie that it gets."""

    name: str
    url: str
    cookie: str


class SignInOptions(TypedDict):
    """Who can sign up (`open`: everybody), and how long a password is. `oidc` None: there is no provider."""

    sign_up: Literal["open", "invite", "closed"]
    password_least_chars: int
    password_most_chars: int
    oidc: NotRequired[OidcOptions | None]


class Project(TypedDict):
    """One evolving scene; its picture and its model for the 3D viewer are artifacts. `purge_at`: a deleted one."""

    id: str
    name: str
    created_at: str
    updated_at: str
    head_snapshot_id: str | None
    thumbnail_id: str | None
    model_id: str | None
    can_undo: bool
    can_redo: bool
    deleted_at: NotRequired[str | None]
    purge_at: NotRequired[str | None]


class ProjectSpace(TypedDict):
    """What one project takes in the store."""

    project_id: str
    name: str
    bytes: int
    deleted_at: str | None


class Storage(TypedDict):
    """What one keeps; `limit_bytes` None is no limit. `by_project` holds those that take the most."""

    used_bytes: int
    limit_bytes: int | None
    by_project: list[ProjectSpace]


class UsageSums(TypedDict):
    """What some model calls used together. `usd` is in US dollars, None where no price is known; `estimates` counts
    the calls that were cut off."""

    calls: int
    estimates: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    usd: float | None


class UsageGroup(UsageSums):
    """Those of one day (ISO), model, purpose or payer."""

    name: str


class MonthBudget(TypedDict):
    """What the deployment pays for the user this month; `limit_usd` None is no limit."""

    began: str
    ends: str
    spent_usd: float
    limit_usd: float | None
    left_usd: float | None


class UsageReport(TypedDict):
    """The ledger's sums. `unpriced_models` count as 0 US dollars because their price is unknown."""

    month: MonthBudget
    totals: UsageSums
    by_day: list[UsageGroup]
    by_model: list[UsageGroup]
    by_purpose: list[UsageGroup]
    by_payer: list[UsageGroup]
    unpriced_models: list[str]


class UsageTotals(TypedDict):
    """`usd` is in US dollars; None: the model's price is unknown."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    usd: float | None


class BriefPart(TypedDict):
    """One part of what is to be built; `size_m` is its bounding box along x, y and z in metres."""

    name: str
    size_m: list[float]
    count: int
    material: str
    description: str


class Brief(TypedDict):
    """What is to be built, as it was made of the prompt, or as the user has changed it."""

    title: str
    summary: str
    parts: list[BriefPart]
    proportions: str
    style: str
    checks: list[str]


class Requirement(TypedDict):
    """One thing that was asked for. `status`: met, partly or not."""

    text: str
    status: Literal["met", "partly", "not"]
    evidence: str


class Defect(TypedDict):
    """Something that is wrong with the scene, and what to do about it."""

    severity: Literal["critical", "major", "minor"]
    what: str
    mend: str
    objects: list[str]


class Verdict(TypedDict):
    """What the reviewer says of the scene. `decision`: pass or mend."""

    decision: Literal["pass", "mend"]
    summary: str
    requirements: list[Requirement]
    defects: list[Defect]


class JobResult(TypedDict):
    """What came of a job. `steps` are those of the scene's script; `seconds` from start to end; `timings` says where
    they went."""

    model: str
    objects: int
    triangles: int
    steps: int
    tool_calls: NotRequired[int]
    seconds: float
    usage: UsageTotals
    summary: str
    not_built: list[str]
    timings: dict[str, float]
    comparison: NotRequired[dict[str, Any] | None]


class JobError(TypedDict):
    code: str
    message: str


class JobOptions(TypedDict):
    """What a prompt's job was asked for besides the prompt."""

    quality: Quality
    detail: Detail
    max_usd: float | None
    formats: list[str]
    image_ids: list[str]


class Job(TypedDict):
    id: str
    project_id: str
    kind: Literal["build", "refine", "import", "export", "parameters", "compare"]
    prompt: str
    model: str | None
    formats: list[str]
    options: NotRequired[JobOptions | None]
    state: JobState
    outcome: str | None
    error: JobError | None
    result: JobResult | None
    cancel_requested: bool
    batch_id: NotRequired[str | None]
    batch_position: NotRequired[int | None]
    created_at: str
    started_at: str | None
    finished_at: str | None


class Parameter(TypedDict):
    """A named number, colour, count or switch of a scene's code. `value` is what it is now; `step` counts from 1."""

    id: str
    name: str
    label: str
    type: Literal["number", "count", "colour", "switch"]
    value: bool | int | float | str | list[float]
    min: float | None
    max: float | None
    unit: str
    description: str
    step: int
    step_title: str
    snapshot_id: str


class Parameters(TypedDict):
    """The parameters of the scene that `head_snapshot_id` is, in the order of its steps."""

    head_snapshot_id: str
    items: list[Parameter]


class Artifact(TypedDict):
    """A file. `kind`: reference, picture, thumbnail, model, preview, scene or script."""

    id: str
    project_id: str
    job_id: str | None
    kind: str
    name: str
    media_type: str
    bytes: int
    sha256: str
    created_at: str


class TurnCost(UsageTotals):
    """What the model's turn cost that asked for a step; `shared_by` tool calls share it."""

    shared_by: int


class Snapshot(TypedDict):
    """The scene after one step of a project's history; `parent_id` None is the empty scene."""

    id: str
    parent_id: str | None
    step: int
    title: str
    label: str
    job_id: str | None
    tool: str | None
    changed: str
    seconds: float
    cost: TurnCost | None
    sha256: str
    bytes: int
    thumbnail_id: str | None
    model_id: str | None
    is_head: bool
    created_at: str


class SnapshotDetail(Snapshot):
    """A step with its code and its neighbours."""

    code: str
    before_id: str | None
    children_ids: list[str]


class BatchCounts(TypedDict):
    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int


class BatchSummary(TypedDict):
    """A batch without its items. `done` is the part that has ended, from 0 to 1."""

    id: str
    name: str
    created_at: str
    total: int
    counts: BatchCounts
    done: float
    usage: UsageTotals


class BatchItem(TypedDict):
    """One prompt of a batch, with its newest job. `position` counts from 1."""

    position: int
    prompt: str
    name: str
    project_id: str
    project_deleted: bool
    job_id: str
    state: JobState
    stage: str | None
    outcome: str | None
    error: JobError | None
    preview_id: str | None
    objects: int
    triangles: int
    seconds: float
    usd: float | None


class Batch(BatchSummary):
    items: list[BatchItem]


class ModelPrice(TypedDict):
    """US dollars for a million tokens."""

    input: float
    output: float


class ModelChoice(TypedDict):
    """A model that a job may name; `usd_per_mtok` is None where no price is known."""

    id: str
    name: str
    is_default: bool
    usd_per_mtok: ModelPrice | None


class Models(TypedDict):
    """The models that can be chosen. `billed_to`: user, system or nobody; `notice` says what is amiss."""

    items: list[ModelChoice]
    billed_to: str
    notice: str | None


class ModelKey(TypedDict):
    """What is shown of one's own Claude key: its last characters."""

    hint: str
    created_at: str
    tested_at: str | None


class Problem(TypedDict):
    """An error of the API (RFC 9457)."""

    title: str
    status: int
    detail: str
    code: str
    errors: NotRequired[list[dict[str, Any]] | None]


class JobEvent(NamedTuple):
    """One event: its number within what is followed, its type (`step.started`, …) and its JSON.

    A `text.delta`, which is kept nowhere, has the number 0.
    """

    seq: int
    type: str
    data: dict[str, Any]
