"""What the events of a job add up to: the state that the screen draws. No Streamlit and no I/O here."""

from dataclasses import dataclass, field
from typing import Any

from ui.api_types import Brief, Job, JobError, JobResult, UsageTotals, Verdict

TOOLS = {"look": "Looking at the scene", "inspect": "Measuring the scene", "snapshots": "Going back to a snapshot"}
STAGES = {
    "prepare": "Starting Blender",
    "import": "Reading the file",
    "refine": "Writing the brief",
    "build": "Building",
    "review": "Reviewing the scene",
    "mend": "Mending what the review found",
    "deliver": "Making the files",
}
WAITS = {
    "capacity": "Waiting for a free runner",
    "pod_starting": "Waiting for Blender to start",
    "pod_limit": "Waiting until a Blender is free",
    "rate_limit": "Waiting for Claude, which asks us to slow down",
    "overloaded": "Waiting for Claude, which is overloaded",
    "connection": "Waiting for Claude, which does not answer",
}
ENDED = {"succeeded", "failed", "cancelled"}
_ASKING = {"refine", "build", "review", "mend"}
_ENDS_A_TURN = {"text", "step.started", "stage", "usage", "job.handed_over", "job.finished"}
_SAYING_CHARS = 4_000
# Where the bar is at least, stage by stage; the steps fill what is between.
_BEGINS = {"import": 0.1, "refine": 0.06, "build": 0.1, "review": 0.86, "mend": 0.88, "deliver": 0.95}


@dataclass
class Step:
    """One tool call. `ok` None: it goes on. `said`: what the agent told the user right before it."""

    number: int
    tool: str
    title: str
    code: str | None
    said: str = ""
    ok: bool | None = None
    seconds: float = 0.0
    changed: str = ""
    error: str | None = None


@dataclass
class Picture:
    """A picture of the scene."""

    artifact_id: str
    name: str
    kind: str
    step: int


@dataclass
class Model:
    """The scene for the 3D viewer. `extent`: its low and high corner in Blender's metres; None: not told."""

    artifact_id: str
    triangles: int = 0
    extent: list[list[float]] | None = None


@dataclass
class JobProgress:
    """A job as far as its events tell. `apply` takes them in order. `pieces`: of a turntable, how many of all views."""

    state: str = "queued"
    stage: str = ""
    waiting: str = ""
    waits_s: float | None = None
    saying: str = ""
    saying_kind: str = ""
    model: str = ""
    steps: list[Step] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    scene: Model | None = None
    usage: UsageTotals | None = None
    usd_limit: float | None = None
    token_limit: int | None = None
    brief: Brief | None = None
    verdict: Verdict | None = None
    rounds: int = 0
    rolled_back: bool = False
    pieces: tuple[int, int] | None = None
    furthest: float = 0.06
    said: str = ""
    error: JobError | None = None
    result: JobResult | None = None

    @classmethod
    def of_job(cls, job: Job) -> "JobProgress":
        """What is known of a job without its events: once it has ended, all but its steps and pictures."""
        progress = cls(state=job["state"])
        if job["state"] in ENDED:
            _finished(progress, {"state": job["state"], "error": job["error"], "result": job["result"]})
        return progress

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def stage_words(self) -> str:
        """How far the job is, in a few words."""
        if self.ended:
            return {"succeeded": "Done", "failed": "Failed", "cancelled": "Cancelled"}[self.state]
        if self.state == "queued":
            return "Waiting in the queue"
        return STAGES.get(self.stage, "Starting")

    @property
    def doing(self) -> str:
        """What goes on at this moment: a step, a wait, what the model is at. Empty: nothing but the stage."""
        if self.ended or (self.state == "queued" and not self.waiting):
            return ""
        if self.waiting:
            return self.waiting
        if self.steps and self.steps[-1].ok is None:
            return self.steps[-1].title
        if self.stage in _ASKING and self.model:
            who = "Claude" if self.model.startswith("claude") else "the modeller"
            saying = {"text": "is writing", "thinking": "is thinking"}.get(self.saying_kind)
            return f"{who[0].upper()}{who[1:]} {saying}" if saying else f"Waiting for {who}"
        return ""

    @property
    def fraction(self) -> float:
        """How far the job is, 0 to 1. How many steps will come is unknown, so each brings it nearer to the end."""
        if self.ended:
            return 1.0
        if self.state == "queued":
            return 0.02
        return self.furthest

    @property
    def tokens(self) -> int:
        """All tokens so far, cached ones included."""
        if self.usage is None:
            return 0
        counted = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
        return sum(self.usage.get(name, 0) for name in counted)

    def apply(self, kind: str, data: dict[str, Any]) -> None:
        """Take one event in. Kinds that are unknown change nothing, so that an older page survives a newer API."""
        if kind == "text.delta":
            self._hear(data)
            return
        if kind != "waiting":
            self.waiting, self.waits_s = "", None
        if kind in _ENDS_A_TURN:
            self.saying = self.saying_kind = ""
        change = _CHANGES.get(kind)
        if change is not None:
            change(self, data)
            self._move_on()

    def _hear(self, data: dict[str, Any]) -> None:
        """A piece of what the model says; the whole text follows, so the newest of it will do."""
        if data["kind"] != self.saying_kind:
            self.saying, self.saying_kind = "", data["kind"]
        self.saying = (self.saying + data["text"])[-_SAYING_CHARS:]
        self.waiting, self.waits_s = "", None

    def _move_on(self) -> None:
        """The bar never goes back, though a mend is a build again."""
        reached = _BEGINS.get(self.stage, 0.06)
        if self.stage == "build":
            reached = 0.85 - 0.75 * 0.8 ** sum(step.ok is not None for step in self.steps)
        self.furthest = max(self.furthest, reached)


def _started(job: JobProgress, data: dict[str, Any]) -> None:
    job.state, job.model = "running", data["model"]


def _waits(job: JobProgress, data: dict[str, Any]) -> None:
    job.waiting = WAITS.get(data["reason"], f"Waiting ({data['reason']})")
    job.waits_s = data.get("seconds") or None


def _handed_over(job: JobProgress, data: dict[str, Any]) -> None:
    job.waiting = "Another runner takes over"


def _stage(job: JobProgress, data: dict[str, Any]) -> None:
    job.stage = data["stage"]


def _progress(job: JobProgress, data: dict[str, Any]) -> None:
    job.pieces = (data["done"], data["of"])


def _text(job: JobProgress, data: dict[str, Any]) -> None:
    job.said = data["text"]


def _step_started(job: JobProgress, data: dict[str, Any]) -> None:
    tool: str = data["tool"]
    title: str = data["title"] or TOOLS.get(tool, tool)
    job.steps.append(Step(data["step"], tool, title, data.get("code"), said=job.said))
    job.said = ""


def _step_finished(job: JobProgress, data: dict[str, Any]) -> None:
    for step in reversed(job.steps):
        if step.number == data["step"]:
            step.ok, step.seconds = data["ok"], data["seconds"]
            step.changed, step.error = data.get("changed", ""), data.get("error")
            return


def _picture(job: JobProgress, data: dict[str, Any]) -> None:
    job.pictures.append(Picture(data["artifact_id"], data["name"], data["kind"], data["step"]))


def _model(job: JobProgress, data: dict[str, Any]) -> None:
    if data["artifact_id"]:
        job.scene = Model(data["artifact_id"], data.get("triangles", 0), data.get("extent"))


def _moved(job: JobProgress, data: dict[str, Any]) -> None:
    if data.get("model_id"):
        job.scene = Model(data["model_id"])


def _usage(job: JobProgress, data: dict[str, Any]) -> None:
    job.usage, job.usd_limit, job.token_limit = data["usage"], data.get("usd_limit"), data.get("token_limit")


def _brief(job: JobProgress, data: dict[str, Any]) -> None:
    job.brief = data["brief"]


def _review(job: JobProgress, data: dict[str, Any]) -> None:
    job.rounds, job.rolled_back = data["round"], data.get("kept") == "rolled_back"
    if not job.rolled_back or job.verdict is None:  # else the scene that stands is the one judged before
        job.verdict = data["verdict"]


def _finished(job: JobProgress, data: dict[str, Any]) -> None:
    job.state, job.error, job.result = data["state"], data.get("error"), data.get("result")
    if job.result is not None:
        job.usage = job.result["usage"]
        job.brief = job.result.get("brief") or job.brief
        job.verdict = job.result.get("verdict") or job.verdict
        job.rounds = max(job.rounds, job.result.get("mends", 0) + 1 if job.verdict else 0)
    for step in job.steps:
        if step.ok is None:
            step.ok, step.error = False, "The job ended before this step did."


_CHANGES = {
    "job.started": _started,
    "job.handed_over": _handed_over,
    "waiting": _waits,
    "stage": _stage,
    "progress": _progress,
    "text": _text,
    "step.started": _step_started,
    "step.finished": _step_finished,
    "picture": _picture,
    "model": _model,
    "scene.moved": _moved,
    "usage": _usage,
    "brief": _brief,
    "review": _review,
    "job.finished": _finished,
}
