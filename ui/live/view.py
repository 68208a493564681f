"""What a job's events come to on the screen, as JSON, in parts that tell when they have changed. No I/O here."""

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

from ui.api_types import Brief, Job, Verdict
from ui.job_progress import JobProgress, Step
from ui.judgement_words import brief_line, review_line
from ui.money import money, tokens_used
from ui.wording import count, moment

Clock = Callable[[], float]
# The pictures that belong to a step; the others are of the whole scene at the end of a stage.
_SEEN = {"thumbnail": "After step", "look": "Looked at in step"}
_MARKS = {"met": "Met", "partly": "Partly met", "not": "Not met"}


class LiveView:
    """One job's view: `apply` takes events in order, `since` gives what a watcher has not seen.

    Versions count up by one with each change. Ages are seconds at the moment of `since`.
    """

    def __init__(self, job: Job, clock: Clock = time.monotonic) -> None:
        self.progress = JobProgress()
        self.version = 0
        self._clock = clock
        self._parts: dict[str, tuple[int, Any]] = {}
        waited = dt.datetime.now(dt.UTC) - moment(job["created_at"])
        self._created = clock() - waited.total_seconds()
        self._took_s = _seconds_between(job["created_at"], job["finished_at"])
        self._doing, self._doing_since = "", clock()
        self._lost = ""
        self._cancelling = job["cancel_requested"]
        self._refresh()

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.progress.ended or "gone" in self._parts

    def apply(self, kind: str, data: dict[str, Any]) -> None:
        """Take an event in."""
        self.progress.apply(kind, data)
        if self.progress.ended and self._took_s is None:
            self._took_s = self._clock() - self._created
        self._refresh(_step_of(kind, data))

    def lose(self, sentence: str) -> None:
        """Say that the connection to the API is lost; empty: it is back."""
        self._lost = sentence
        self._refresh()

    def fail(self, sentence: str) -> None:
        """The job cannot be followed at all."""
        self._put("gone", sentence)

    def since(self, version: int) -> dict[str, Any]:
        """The parts that have changed after `version`, with the version that they are; `full` where that is all."""
        parts = {name: value for name, (changed, value) in self._parts.items() if changed > version}
        said: dict[str, Any] = {name: value for name, value in parts.items() if not name.startswith("step:")}
        said["steps"] = [value for name, value in parts.items() if name.startswith("step:")]
        elapsed_s = self._took_s if self._took_s is not None else self._clock() - self._created
        ages = {"elapsed_s": round(elapsed_s, 2), "doing_s": round(self._clock() - self._doing_since, 2)}
        return {"version": self.version, "full": version < 0, **said, "ages": ages}

    def _refresh(self, step_number: int | None = None) -> None:
        progress = self.progress
        doing = f"{progress.stage}/{progress.doing}"
        if doing != self._doing:
            self._doing, self._doing_since = doing, self._clock()
        self._put("head", self._head())
        self._put("said", {"kind": progress.saying_kind, "text": progress.saying or progress.said})
        for step in progress.steps:
            if step.number == step_number or progress.ended:
                self._put(f"step:{step.number}", _step_json(progress, step))
        self._put("picture", _newest_picture(progress))
        self._put("model", _model_json(progress))
        self._put("brief", _brief_json(progress.brief) if progress.brief else None)
        self._put("verdict", _verdict_json(progress) if progress.verdict else None)
        self._put("end", progress.state if progress.ended else None)

    def _put(self, name: str, value: Any) -> None:
        if name not in self._parts or self._parts[name][1] != value:
            self.version += 1
            self._parts[name] = (self.version, value)

    def _head(self) -> dict[str, Any]:
        progress = self.progress
        waits = progress.doing.startswith("Waiting")
        return {
            "state": progress.state,
            "stage": progress.stage_words,
            "doing": progress.doing,
            "counts": "down" if progress.waits_s else "up" if waits or progress.saying_kind else "",
            "waits_s": progress.waits_s or 0,
            "fraction": round(progress.fraction, 3),
            "facts": _facts(progress),
            "cancelling": self._cancelling,
            "lost": self._lost,
            "ticks": not progress.ended,
        }


def address_of(artifact_id: str) -> str:
    """Where the browser gets a file, relative to the page's base."""
    return f"p2m/api/v1/artifacts/{artifact_id}/content"


def _facts(progress: JobProgress) -> list[str]:
    facts = [count(len(progress.steps), "step")] if progress.steps else []
    if progress.usage is not None:
        usd = progress.usage["usd"]
        facts += [tokens_used(progress.tokens, progress.token_limit, usd)] if progress.tokens else []
        facts.append(money(usd, progress.usd_limit))
    return facts


def _step_of(kind: str, data: dict[str, Any]) -> int | None:
    return data.get("step") if kind in {"step.started", "step.finished", "picture"} else None


def _step_json(progress: JobProgress, step: Step) -> dict[str, Any]:
    pictures = [picture for picture in progress.pictures if picture.step == step.number]
    # The thumbnail is of the scene that the step left; what the agent looked at may be a detail of it.
    pictures.sort(key=lambda picture: picture.kind != "thumbnail")
    shown = [
        {"address": address_of(picture.artifact_id), "alt": f"{_SEEN[picture.kind]} {step.number}: {step.title}"}
        for picture in pictures
        if picture.kind in _SEEN
    ]
    return {
        "number": step.number,
        "title": step.title,
        "ok": step.ok,
        "took": f"{step.seconds:.1f} s" if step.seconds else "",
        "said": step.said,
        "changed": step.changed,
        "error": step.error or "",
        "has_code": bool(step.code),
        "pictures": shown,
    }


def _newest_picture(progress: JobProgress) -> str | None:
    """Of the scene as it is: the reviewer's sheets and the agent's details are not the whole of it."""
    whole = [picture for picture in progress.pictures if picture.kind in {"thumbnail", "preview"}]
    newest = whole or [picture for picture in progress.pictures if picture.kind == "look"]
    return address_of(newest[-1].artifact_id) if newest else None


def _model_json(progress: JobProgress) -> dict[str, Any] | None:
    scene = progress.scene
    return {"address": address_of(scene.artifact_id), "extent": scene.extent} if scene else None


def _brief_json(brief: Brief) -> dict[str, Any]:
    parts = [f"{part['count']} × {part['name']}" if part["count"] > 1 else part["name"] for part in brief["parts"]]
    return {"line": brief_line(brief), "text": brief["summary"], "items": parts}


def _verdict_json(progress: JobProgress) -> dict[str, Any]:
    verdict: Verdict | None = progress.verdict
    assert verdict is not None
    items = [
        {"mark": requirement["status"], "word": _MARKS.get(requirement["status"], ""), "text": requirement["text"]}
        for requirement in verdict["requirements"]
    ]
    return {"line": review_line(verdict, progress.rounds), "text": verdict["summary"], "items": items}


def _seconds_between(began: str, ended: str | None) -> float | None:
    return (moment(ended) - moment(began)).total_seconds() if ended else None
