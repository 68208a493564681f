"""`check` in an edit says what of its findings stood before the work."""

from typing import Any

import pytest

from cloud.agent.contract import ToolResult
from cloud.jobs.pod import PodToolbox
from cloud.jobs.stood_before import told_apart
from cloud.storage.store import ArtifactStore
from tests.jobs.test_pod import DONE, Pods, pods, run, toolbox

__all__ = ["pods", "toolbox"]


def fault(kind: str, name: str, *, severity: str = "warning", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "severity": severity, "object": name, "message": f"{name}: {kind}."} | more


def report(*findings: dict[str, Any], in_all: int | None = None) -> ToolResult:
    structured = {"findings": [*findings], "counts": {"any": len(findings) if in_all is None else in_all}}
    return ToolResult([{"type": "text", "text": "Head"}], structured=structured)


HOVERS = fault("hovering", "Bucket", other="Beam", value=0.008, unit="m")
JOINED = fault("interpenetration", "Leg", severity="note", other="Seat", value=0.1, unit="m")


def last_line(result: ToolResult) -> str:
    return result.content[-1]["text"]


def test_what_is_new_is_told_apart_from_what_stood_before() -> None:
    told = told_apart(report(HOVERS, JOINED, fault("floating", "Kite")), [HOVERS, JOINED])
    assert last_line(told) == "Stood before your work: hovering Bucket; interpenetration Leg with Seat."
    assert [finding.get("stood_before", False) for finding in told.structured["findings"]] == [True, True, False]


def test_where_all_stood_before_one_sentence_says_so_unless_more_was_found_than_is_sent() -> None:
    assert last_line(told_apart(report(HOVERS, JOINED), [JOINED, HOVERS])) == "All of this stood before your work."
    assert "All" not in last_line(told_apart(report(HOVERS, in_all=300), [HOVERS]))


@pytest.mark.parametrize(
    "was",
    [HOVERS | {"value": 0.006}, HOVERS | {"other": "Wall"}, HOVERS | {"severity": "note"}, HOVERS | {"value": None}],
    ids=["less", "elsewhere", "milder", "unmeasured"],
)
def test_a_fault_that_is_other_than_it_was_is_new(was: dict[str, Any]) -> None:
    assert told_apart(report(HOVERS), [was]) == report(HOVERS)


async def test_an_edit_looks_at_its_base_once_and_goes_on_where_it_stood(
    pods: Pods, toolbox: PodToolbox, store: ArtifactStore
) -> None:
    base, edited = (await store.put(b"a scene")).sha256, "e" * 64
    toolbox.base = base
    toolbox._held.add(edited)
    toolbox.scene = edited
    pods.script = [report(HOVERS), report(HOVERS), report(HOVERS), DONE]
    for _ in range(2):
        assert last_line(await toolbox.call("check", {})) == "All of this stood before your work."
    assert pods.restored[-2:] == [base, edited]
    assert pods.ran == ["check"] * 3
    assert (await run(toolbox)) == DONE


async def test_a_scene_that_began_empty_or_is_as_it_was_is_looked_at_no_second_time(
    pods: Pods, toolbox: PodToolbox
) -> None:
    pods.script = [report(HOVERS)]
    assert last_line(await toolbox.call("check", {})) == "Head"
    toolbox.base = toolbox.scene = "b" * 64
    pods.script = [report(HOVERS)]
    assert last_line(await toolbox.call("check", {})) == "Head"
