"""One prompt through the product, and what the product itself says of it: events, result, files."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.bench.agent.product import BenchClient
from scripts.bench.agent.tasks import Task
from ui.api_client import ApiError, ClientError
from ui.api_types import Job

_ERRORS_KEPT = 8
_ERROR_CHARS = 240
# Errors of a request that every other prompt would get too.
_FATAL = frozenset({"ablations_off", "unauthorized"})


class RunRefused(Exception):
    """The product takes no prompt of this run; the message says why."""


@dataclass
class EventTally:
    """What the events of one job say, counted as they come."""

    model_calls: int = 0
    tools: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    repairs: int = 0
    looks: int = 0
    waited_s: float = 0.0
    reviews: list[dict[str, Any]] = field(default_factory=list)
    brief: dict[str, Any] | None = None
    _run_python_broke: bool = False

    def apply(self, kind: str, data: dict[str, Any]) -> None:
        """Count one event."""
        match kind:
            case "usage":
                self.model_calls += 1
            case "step.finished":
                self._step(data)
            case "waiting":
                self.waited_s += data.get("seconds") or 0.0
            case "review":
                verdict = data["verdict"]
                self.reviews.append({"decision": verdict["decision"], "kept": data.get("kept", "")})
            case "brief":
                self.brief = data["brief"]
            case "picture" if data["kind"] == "look":
                self.looks += 1

    def _step(self, data: dict[str, Any]) -> None:
        tool, ok = data["tool"], data["ok"]
        self.tools[tool] += 1
        if not ok:
            self.failed[tool] += 1
            if len(self.errors) < _ERRORS_KEPT:
                self.errors.append(
                    f"{tool}: {' '.join((data.get('error') or 'no reason given').split())[:_ERROR_CHARS]}"
                )
        if tool == "run_python":
            # A run of failures that ends in a success is one repair.
            self.repairs += ok and self._run_python_broke
            self._run_python_broke = not ok


def run_trial(client: BenchClient, task: Task, options: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The trial's record, files in `folder`. Whatever goes wrong with this prompt is in the record.

    Raises: RunRefused.
    """
    record: dict[str, Any] = {"id": task.id, "name": task.name, "kind": task.kind, "prompt": task.prompt}
    record |= {"expects_failure": task.expect.fails, "before": len(task.before)}
    try:
        project = client.create_project(task.name[:80] or "Evaluation")["id"]
        for earlier in task.before:
            done = _follow(client, client.send(project, earlier, _plain(options)), EventTally())
            if done["state"] != "succeeded":
                return record | _broken("setup_failed", f"{earlier!r} was not built: {done['error']}")
        tally = EventTally()
        job = _follow(client, client.send(project, task.prompt, options), tally)
        record |= _facts_of_job(job, tally, expects_failure=task.expect.fails)
        record |= _fetch(client, job, project, folder)
    except ApiError as error:
        if error.code in _FATAL:
            raise RunRefused(str(error)) from error
        record |= _broken(error.code, str(error))
    except (ClientError, OSError) as error:
        record |= _broken("harness", str(error))
    return record


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    """What builds the scene that is then edited is not what is measured."""
    return {key: value for key, value in options.items() if key == "model"}


def _follow(client: BenchClient, job: Job, tally: EventTally) -> Job:
    """The job at its end."""
    for event in client.events(job["id"]):
        tally.apply(event.type, event.data)
    return client.get_job(job["id"])


def _broken(code: str, message: str) -> dict[str, Any]:
    """Not measured: the prompt did not get as far as a job that ended."""
    return {"measured": False, "success": False, "error": {"code": code, "message": message[:500]}}


def _facts_of_job(job: Job, tally: EventTally, *, expects_failure: bool) -> dict[str, Any]:
    result: dict[str, Any] = dict(job["result"] or {})
    usage = result.get("usage") or {}
    read, fresh = usage.get("cache_read_tokens", 0), usage.get("input_tokens", 0)
    total_in = read + fresh + usage.get("cache_write_tokens", 0)
    timings = result.get("timings") or {}
    return {
        "measured": True,
        "job_id": job["id"],
        "state": job["state"],
        "outcome": job["outcome"],
        "error": job["error"],
        "success": _went_as_it_should(job, expects_failure=expects_failure),
        "model": result.get("model", ""),
        "summary": result.get("summary", ""),
        "not_built": result.get("not_built", []),
        "objects": result.get("objects", 0),
        "triangles": result.get("triangles", 0),
        "steps": sum(tally.tools.values()),
        "tools": dict(tally.tools),
        "failed_steps": sum(tally.failed.values()),
        "failed_tools": dict(tally.failed),
        "errors": tally.errors,
        "repairs": tally.repairs,
        "looks": tally.looks,
        "model_calls": tally.model_calls,
        "usage": usage,
        "cached_share": read / total_in if total_in else None,
        "usd": usage.get("usd") or 0.0,
        "seconds": result.get("seconds", 0.0),
        "model_s": timings.get("model", 0.0),
        "tools_s": timings.get("tools", 0.0),
        "waited_s": round(tally.waited_s, 3),
        "timings": timings,
        "brief_words": _words(tally.brief),
        "reviews": tally.reviews,
        "verdict": result.get("verdict"),
        "mends": result.get("mends", 0),
    }


def _went_as_it_should(job: Job, *, expects_failure: bool) -> bool:
    """Built; or, where nothing can be, said so without being at fault itself."""
    if not expects_failure:
        return job["state"] == "succeeded"
    return job["outcome"] in ("failed", "refused") and (job["error"] or {}).get("code") in ("nothing_built", "refused")


def _words(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_words(part) for part in value.values())
    if isinstance(value, list):
        return sum(_words(part) for part in value)
    return len(str(value).split()) if value is not None else 0


def _fetch(client: BenchClient, job: Job, project: str, folder: Path) -> dict[str, Any]:
    """Bring the scene, its picture and its script. Returns: what they are called, and what the script holds."""
    facts: dict[str, Any] = {"files": [], "script_lines": 0, "parameters": 0}
    wanted = ("scene.blend", "preview.png", "script.py")
    for artifact in client.artifacts(job_id=job["id"]):
        if artifact["name"] in wanted:
            folder.mkdir(parents=True, exist_ok=True)
            client.download(artifact["id"], folder / artifact["name"])
            facts["files"].append(artifact["name"])
    if "script.py" in facts["files"]:
        facts["script_lines"] = len((folder / "script.py").read_text(encoding="utf-8").splitlines())
        facts["parameters"] = len(client.parameters(project)["items"])
    return facts
