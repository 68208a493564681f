"""What the events of a job add up to: the JobView that a panel draws. No I/O here."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from . import fields
from .fields import Json
from .problems import BadAnswer
from .types import ENDED, Brief, Job, JobResult, JobTrouble, JobView, Usage

STAGES = {
    "prepare": "Starting Blender",
    "import": "Reading the file",
    "refine": "Writing the brief",
    "build": "Building",
    "review": "Reviewing the scene",
    "mend": "Mending what the review found",
    "compare": "Comparing",
    "deliver": "Making the files",
}
_TOOLS = {"look": "Looking at the scene", "inspect": "Measuring the scene", "snapshots": "Going back to a snapshot"}
_WAITS = {
    "capacity": "Waiting for a free runner",
    "pod_starting": "Waiting for Blender in the cloud to start",
    "pod_limit": "Waiting until one of the cloud's Blenders is free",
    "rate_limit": "Waiting for Claude, which asks us to slow down",
    "overloaded": "Waiting for Claude, which is overloaded",
    "connection": "Waiting for Claude, which does not answer",
}
_ENDS = {"succeeded": "Done", "failed": "Failed", "cancelled": "Cancelled"}
# Where the bar is at least, stage by stage; the steps fill what is between.
_BEGINS = {"import": 0.1, "refine": 0.06, "build": 0.1, "review": 0.86, "mend": 0.88, "deliver": 0.95}
_SAYING = {"text": "is writing", "thinking": "is thinking"}


class Progress:
    """One job, as far as its events tell. For one thread; `view` is free to go anywhere."""

    def __init__(self, job: Job, now_s: float, age_s: float | None = None) -> None:
        """`age_s`: how long the job has been running by the server's clock; None: it has not begun."""
        began_s = None if age_s is None else now_s - max(age_s, 0.0)
        self.view = JobView(
            id=job.id,
            project_id=job.project_id,
            kind=job.kind,
            prompt=job.prompt,
            state=job.state,
            began_s=began_s,
            cancel_requested=job.cancel_requested,
        )
        if job.state == "running":
            self.view = replace(self.view, stage_words="Starting", fraction=0.06)
        if job.ended:
            self._end(job.state, job.error, job.result, now_s)

    def apply(self, kind: str, data: Json, now_s: float) -> None:
        """Take one event in; kinds that are unknown change nothing. Raises: BadAnswer, with nothing changed."""
        if self.view.ended:
            return
        if kind == "job.finished":
            error, result = data.get("error"), data.get("result")
            state = fields.line(data, "state", 40)
            if state not in ENDED:
                raise BadAnswer("a job ended in an unknown state")
            trouble = None if error is None else JobTrouble.of(error)
            self._end(state, trouble, None if result is None else JobResult.of(result), now_s)
            return
        change = _CHANGES.get(kind)
        if change is None:
            return
        view = change(replace(self.view, waiting="", doing=""), data)
        if view.state == "running" and view.began_s is None:
            view = replace(view, began_s=now_s)
        self.view = _moved_on(view)

    def link(self, link: Any, words: str = "") -> None:
        """How we stand with the stream of events."""
        self.view = replace(self.view, link=link, link_words=words)

    def cancelling(self) -> None:
        """The user has asked for the job's end."""
        if not self.view.ended:
            self.view = replace(self.view, cancel_requested=True)

    def _end(self, state: str, error: JobTrouble | None, result: JobResult | None, now_s: float) -> None:
        view = replace(
            self.view,
            state=state,
            stage_words=_ENDS[state],
            doing="",
            waiting="",
            fraction=1.0,
            error=error,
            result=result,
            ended_s=now_s,
            link="closed",
            link_words="",
        )
        if result is not None:
            view = replace(view, usage=result.usage, model=result.model or view.model, brief=result.brief or view.brief)
        self.view = view


def age_of(started_at: str, server_now: dt.datetime | None) -> float | None:
    """Seconds since an API's time, by the server's own clock. None: it has not begun."""
    if not started_at:
        return None
    try:
        began = dt.datetime.fromisoformat(started_at.replace("Z", "+00:00"))
        now = server_now or dt.datetime.now(dt.UTC)
        return max((now - began).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _moved_on(view: JobView) -> JobView:
    """The words and the bar, which never goes back, though a mend is a build again."""
    if view.state == "queued":
        return replace(view, stage_words="Waiting in the queue", fraction=0.02)
    reached = _BEGINS.get(view.stage, 0.06)
    if view.stage == "build":
        reached = 0.85 - 0.75 * 0.8**view.steps_done  # how many steps will come is unknown
    words = STAGES.get(view.stage, "Starting")
    return replace(view, stage_words=words, fraction=max(view.fraction, reached), doing=view.waiting or view.doing)


def _started(view: JobView, data: Json) -> JobView:
    return replace(view, state="running", model=fields.line(data, "model", fields.NAME_CHARS, ""))


def _waits(view: JobView, data: Json) -> JobView:
    reason = fields.line(data, "reason", 60)
    return replace(view, waiting=_WAITS.get(reason, f"Waiting ({reason})"))


def _handed_over(view: JobView, data: Json) -> JobView:
    return replace(view, waiting="Another runner takes over")


def _stage(view: JobView, data: Json) -> JobView:
    return replace(view, state="running", stage=fields.line(data, "stage", 40), step_title="")


def _pieces(view: JobView, data: Json) -> JobView:
    return replace(view, doing=f"{fields.whole(data, 'done')} of {fields.whole(data, 'of')}")


def _said(view: JobView, data: Json) -> JobView:
    return replace(view, said=fields.text(data, "text", 2_000))


def _heard(view: JobView, data: Json) -> JobView:
    who = "Claude" if view.model.startswith("claude") else "The modeller"
    does = _SAYING.get(fields.line(data, "kind", 40, "text"), "is at work")
    return replace(view, doing=f"{who} {does}")


def _step_started(view: JobView, data: Json) -> JobView:
    tool = fields.line(data, "tool", 60)
    title = fields.line(data, "title", fields.NAME_CHARS, "") or _TOOLS.get(tool, tool)
    return replace(view, step_title=title, doing=title)


def _step_finished(view: JobView, data: Json) -> JobView:
    fields.switch(data, "ok")
    return replace(view, steps_done=view.steps_done + 1)


def _picture(view: JobView, data: Json) -> JobView:
    return replace(view, picture_id=fields.identifier(data, "artifact_id"))


def _moved(view: JobView, data: Json) -> JobView:
    return replace(view, picture_id=fields.optional_id(data, "thumbnail_id") or view.picture_id)


def _usage(view: JobView, data: Json) -> JobView:
    usage = Usage.of(data.get("usage"))
    return replace(view, usage=usage, usd_limit=fields.optional_number(data, "usd_limit"))


def _brief(view: JobView, data: Json) -> JobView:
    return replace(view, brief=Brief.of(data.get("brief")))


_CHANGES: dict[str, Callable[[JobView, Json], JobView]] = {
    "job.started": _started,
    "job.handed_over": _handed_over,
    "waiting": _waits,
    "stage": _stage,
    "progress": _pieces,
    "text": _said,
    "text.delta": _heard,
    "step.started": _step_started,
    "step.finished": _step_finished,
    "picture": _picture,
    "scene.moved": _moved,
    "usage": _usage,
    "brief": _brief,
}
