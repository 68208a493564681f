"""Which findings of `check` stood before an edit began: its own work is judged by the others."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cloud.agent.contract import ToolResult
from cloud.jobs.progress.queries import snapshot_row

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.work import JobWork

Findings = Sequence[Mapping[str, Any]]

_SAME_WITHIN = 0.02  # of the larger number: a finding that says as much as it did
_TOLD_OF_A_KIND = 6
_SEVERITIES = ("note", "warning", "error")


async def base_of(work: "JobWork") -> str | None:
    """The hash of the scene that the job began with; None if it began with nothing."""
    if work.job.base_snapshot_id is None:
        return None
    async with work.services.database.sessions() as session:
        base = await snapshot_row(session, work.job.base_snapshot_id)
    return base.sha256 if base else None


async def findings_at(toolbox: "PodToolbox", scene: str) -> Findings:
    """All that `check` finds in an earlier scene; the pod holds the present one again afterwards.

    Raises: ArtifactMissing, PodLost, PodNotReady.
    """
    present = toolbox.scene
    try:
        await toolbox.open_scene(scene)
        result = await toolbox.call_surely("check", {})
    finally:
        await toolbox.open_scene(present)
    return [] if result.is_error else result.structured.get("findings", [])


def told_apart(result: ToolResult, before: Findings) -> ToolResult:
    """The report with a line at its end that says what of it stood before; each such finding is marked so, too."""
    findings: Findings = result.structured.get("findings", [])
    olds = [any(_is_same(now, was) for was in before) for now in findings]
    if result.is_error or not any(olds):
        return result
    marked = [dict(now) | ({"stood_before": True} if old else {}) for now, old in zip(findings, olds, strict=True)]
    is_whole = len(findings) == sum(result.structured.get("counts", {}).values())
    line = "All of this stood before your work."
    if not (all(olds) and is_whole):
        line = f"Stood before your work: {_told([now for now, old in zip(findings, olds, strict=True) if old])}."
    content = [*result.content, {"type": "text", "text": line}]
    return replace(result, content=content, structured=result.structured | {"findings": marked})


def _is_same(now: Mapping[str, Any], was: Mapping[str, Any]) -> bool:
    """The same fault of the same objects, and no worse than it was."""
    if any(now.get(key, "") != was.get(key, "") for key in ("kind", "object", "other")):
        return False
    if _SEVERITIES.index(now["severity"]) > _SEVERITIES.index(was["severity"]):
        return False
    return all(_is_near(now.get(key), was.get(key)) for key in ("value", "count"))


def _is_near(now: float | None, was: float | None) -> bool:
    if now is None or was is None:
        return now is was
    return abs(now - was) <= _SAME_WITHIN * max(abs(now), abs(was))


def _told(findings: Findings) -> str:
    kinds: dict[str, list[str]] = {}
    for finding in findings:
        partner = f" with {finding['other']}" if finding["kind"] == "interpenetration" else ""
        kinds.setdefault(finding["kind"], []).append(f"{finding['object']}{partner}")
    told = []
    for kind, names in kinds.items():
        more = f" and {len(names) - _TOLD_OF_A_KIND} more" if len(names) > _TOLD_OF_A_KIND else ""
        told.append(f"{kind} {', '.join(names[:_TOLD_OF_A_KIND])}{more}")
    return "; ".join(told)
