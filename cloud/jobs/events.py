"""Every event that a client can see of a job or a project, with its JSON shape: the one place that documents them.

On the wire (SSE) `id:` is the event's number (1, 2, 3, … without gaps: within the job in a job's stream, within the
project in a project's), `event:` is its `type` and `data:` is the JSON of the class below; a project's stream adds
`job_id` (null for what no job did). `text.delta` alone has no `id:`: it is never kept, and a client that was away
gets the whole `text` instead. Pictures and files are named by artifact id; their bytes are at
`GET /v1/artifacts/{id}/content`.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from cloud.agent.brief import Brief
from cloud.agent.verdict import Verdict


class UsageTotals(BaseModel):
    """What a job has used so far. `usd` is in US dollars; null: the model's price is unknown."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    usd: float | None = 0.0

    def plus(self, other: "UsageTotals") -> "UsageTotals":
        """Both together; an unknown price counts as nothing, unless nothing else is known."""
        usd = round((self.usd or 0.0) + (other.usd or 0.0), 6)
        return UsageTotals(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            usd=None if not usd and None in (self.usd, other.usd) else usd,
        )


class JobEvent(BaseModel):
    """Root of the events. Each has a `type`, which is the SSE event's name too."""

    model_config = ConfigDict(frozen=True)


class JobQueued(JobEvent):
    """The job is written and waits for a runner."""

    type: Literal["job.queued"] = "job.queued"


class JobStarted(JobEvent):
    """A runner has taken the job. `attempt` counts from 1."""

    type: Literal["job.started"] = "job.started"
    attempt: int
    model: str


class JobHandedOver(JobEvent):
    """The runner let go of the job, or is gone (`deploy`, `runner_lost`); another goes on where it stopped."""

    type: Literal["job.handed_over"] = "job.handed_over"
    reason: str


class Waiting(JobEvent):
    """Nothing can go on for a known reason (`capacity`, `pod_starting`, `pod_limit`, `rate_limit`, `overloaded`,
    `connection`)."""

    type: Literal["waiting"] = "waiting"
    reason: str
    seconds: float | None = None


class StageChanged(JobEvent):
    """The job is now in this stage.

    `prepare`, `refine`, `build`, `review`, `mend` (may come again after `review`), `compare`, `import`, `deliver`.
    """

    type: Literal["stage"] = "stage"
    stage: str


class Progress(JobEvent):
    """How far a piece of work is that takes a while: `done` of `of` pieces of `what` (`turntable`: its views)."""

    type: Literal["progress"] = "progress"
    what: str
    done: int
    of: int


class AgentText(JobEvent):
    """What the agent said in one turn, whole."""

    type: Literal["text"] = "text"
    text: str


class TextDelta(JobEvent):
    """A piece of what the model says in the turn that it is at (`kind`: text or thinking). Never kept."""

    type: Literal["text.delta"] = "text.delta"
    kind: str
    text: str


class StepStarted(JobEvent):
    """A tool call begins. `step` counts the job's tool calls from 1; `code` only for `run_python`."""

    type: Literal["step.started"] = "step.started"
    step: int
    tool: str
    title: str
    code: str | None = None


class StepFinished(JobEvent):
    """A tool call has ended. `changed` says what differs in the scene, in one line; `error` one sentence."""

    type: Literal["step.finished"] = "step.finished"
    step: int
    tool: str
    title: str
    ok: bool
    seconds: float
    changed: str = ""
    error: str | None = None


class Picture(JobEvent):
    """A picture of the scene.

    `kind`: `look` (the agent's own), `thumbnail` (of a step's snapshot), `review` (the reviewer's six views),
    `preview`.
    """

    type: Literal["picture"] = "picture"
    artifact_id: UUID
    name: str
    kind: str
    step: int
    snapshot_id: UUID | None = None


class ModelReady(JobEvent):
    """A step's scene as a small .glb for the 3D viewer (Draco, WebP textures); `artifact_id` null: there is none, and
    `reason` says why. `extent` is the box of what it shows: low and high corner, in Blender's metres (Z up)."""

    type: Literal["model"] = "model"
    artifact_id: UUID | None
    snapshot_id: UUID
    step: int
    bytes: int = 0
    triangles: int = 0
    extent: list[list[float]] | None = None
    reason: str = ""


class SnapshotTaken(JobEvent):
    """The scene after a step has been kept."""

    type: Literal["snapshot"] = "snapshot"
    snapshot_id: UUID
    step: int
    sha256: str
    bytes: int


class UsageChanged(JobEvent):
    """The job's totals after a model call. `usd_limit` is what the whole job may cost; null: nobody said, or the
    model's price is unknown. `token_limit` is how many tokens it may use, the only limit of such a job; null: none."""

    type: Literal["usage"] = "usage"
    usage: UsageTotals
    usd_limit: float | None = None
    token_limit: int | None = None


class BriefReady(JobEvent):
    """What is going to be built, as the refining of the prompt has made it."""

    type: Literal["brief"] = "brief"
    brief: Brief


class Reviewed(JobEvent):
    """What the reviewer says of the scene, `round` counted from 1. `kept`: "" the scene as it stands, else why not:
    `rolled_back`, the scene before the last mend was the better one."""

    type: Literal["review"] = "review"
    round: int
    verdict: Verdict
    kept: str = ""


class ArtifactReady(JobEvent):
    """A file can be downloaded."""

    type: Literal["artifact"] = "artifact"
    artifact_id: UUID
    name: str
    kind: str
    bytes: int
    sha256: str


class SceneMoved(JobEvent):
    """The project's scene is now another snapshot (null: empty) than its last step left.

    `reason`: undo, redo, restore, branch, duplicate, or rollback: the reviewer found the scene before the last mend
    better.
    `thumbnail_id`: its picture's artifact, `model_id` that of its model for the 3D viewer.
    """

    type: Literal["scene.moved"] = "scene.moved"
    reason: str
    snapshot_id: UUID | None
    thumbnail_id: UUID | None
    model_id: UUID | None = None


class JobFinished(JobEvent):
    """The last event. `state`: succeeded, failed or cancelled; `error` is `{code, message}`; `result` a `JobResult`."""

    type: Literal["job.finished"] = "job.finished"
    state: str
    outcome: str
    error: dict[str, Any] | None = None
    result: dict[str, Any] | None = None


class SceneChange(BaseModel):
    """What a job changed of the scene that it began with: names of objects, at most 100 in a list; `counts` says how
    many there are of each. `modified` are those that were there before and differ now; `moved`, `remeshed` and
    `rematerialled` say in what. `renamed` is old name to new."""

    summary: str = ""
    added: list[str] = []
    removed: list[str] = []
    modified: list[str] = []
    moved: list[str] = []
    remeshed: list[str] = []
    rematerialled: list[str] = []
    renamed: dict[str, str] = {}
    counts: dict[str, int] = {}


class JobResult(BaseModel):
    """What came of a job: kept in `jobs.result` and shown by every client.

    `objects` counts objects with geometry, `triangles` those of their evaluated meshes, `steps` all steps of the script
    that rebuilds the scene, `tool_calls` those of this job, `seconds` the time from start to end; `timings` says where
    it went, in seconds. `comparison` is there for the job kind `compare` alone: see `cloud.jobs.kinds.compare`. `brief`
    is what was to be built where the prompt was refined; `verdict` the last review's of the scene that stands, after so
    many `mends`. `changed` is there where a build or new parameters changed a scene that was not empty.
    """

    model: str
    objects: int = 0
    triangles: int = 0
    steps: int = 0
    tool_calls: int = 0
    seconds: float = 0.0
    usage: UsageTotals = UsageTotals()
    summary: str = ""
    not_built: list[str] = []
    timings: dict[str, float] = {}
    comparison: dict[str, Any] | None = None
    brief: Brief | None = None
    verdict: Verdict | None = None
    mends: int = 0
    changed: SceneChange | None = None


AnyEvent = Annotated[
    JobQueued
    | JobStarted
    | JobHandedOver
    | Waiting
    | StageChanged
    | Progress
    | AgentText
    | TextDelta
    | StepStarted
    | StepFinished
    | Picture
    | ModelReady
    | SnapshotTaken
    | UsageChanged
    | BriefReady
    | Reviewed
    | ArtifactReady
    | SceneMoved
    | JobFinished,
    Field(discriminator="type"),
]
