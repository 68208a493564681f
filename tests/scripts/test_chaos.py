"""The chaos bench: it sees what is wrong, and a small run of it finds nothing wrong."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts.bench import chaos
from scripts.bench.disturbed.clients import SentJob
from scripts.bench.disturbed.records import JobRecord, SnapshotRecord
from scripts.bench.disturbed.stand_in import ModelCall
from scripts.bench.disturbed.verdict import Verdict, judge, judge_scenes

BENCH = Path(__file__).resolve().parents[2] / "scripts" / "bench" / "chaos.py"
PROMISED = ("jobs", "kills", "lost", "double_applied", "repeated_calls", "missing_events", "orphans")
FIRST, SECOND = SnapshotRecord(1, "Box", "box()", "a", None, "1"), SnapshotRecord(2, "Lid", "lid()", "b", "a", "2")


def a_record(**changes: Any) -> JobRecord:
    """A job of one model turn and two snapshots, with three events."""
    record = JobRecord("job", "succeeded", "finished", None, {"objects": 2}, 1)
    record.messages = [
        {"seq": 1, "role": "user", "content": [{"type": "text", "text": "a box"}], "stop_reason": None},
        {"seq": 2, "role": "assistant", "content": [{"type": "text", "text": "Done."}], "stop_reason": "end_turn"},
    ]
    record.created = {1: 10.0, 2: 20.0}
    record.paid_turns = [2]
    record.snapshots, record.head = [FIRST, SECOND], "b"
    record.artifacts = [{"kind": "scene", "name": "scene.blend", "sha256": "b"}]
    record.events = [
        {"seq": 1, "type": "step.started", "step": 1, "at": 11.0},
        {"seq": 2, "type": "step.finished", "step": 1, "ok": True, "at": 12.0},
        {"seq": 3, "type": "job.finished", "state": "succeeded", "at": 21.0},
    ]
    return replace(record, **changes)


def judged(record: JobRecord, *, seen: tuple[int, ...] = (1, 2, 3), asked_at: tuple[float, ...] = (15.0,)) -> Verdict:
    sent = SentJob(0, 0, 0, "m", seen=list(seen))
    return judge(sent, record, a_record(), [ModelCall("m", 1, at, whole=True) for at in asked_at])


def test_an_equal_job_is_good() -> None:
    verdict = judged(a_record())
    assert verdict.good, verdict.differences


def test_a_job_that_ended_otherwise_is_lost() -> None:
    assert judged(a_record(state="failed", outcome="failed")).lost


def test_a_job_that_is_not_there_is_lost() -> None:
    assert judge(SentJob(0, 0, 0, "m"), None, a_record(), []).lost


def test_a_step_that_was_kept_twice_is_applied_twice() -> None:
    again = replace(SECOND, sha256="c", parent="b")
    assert judged(a_record(snapshots=[FIRST, SECOND, again], head="c")).double_applied == 1


def test_an_object_that_is_there_twice_is_applied_twice() -> None:
    verdict = Verdict()
    found = {("b", "c"): ["/objects/Lid.001: only in the second"]}
    judge_scenes(verdict, a_record(snapshots=[FIRST, replace(SECOND, sha256="c")]), a_record(), found)
    assert verdict.double_applied == 1
    assert not verdict.good


def test_a_second_job_of_one_request_is_applied_twice() -> None:
    assert judged(a_record(jobs_in_project=2)).double_applied == 1


def test_a_call_for_a_turn_that_was_kept_is_repeated_and_one_before_that_is_not() -> None:
    assert judged(a_record(), asked_at=(15.0, 25.0)).repeated_calls == 1
    earlier = judged(a_record(), asked_at=(14.0, 15.0))
    assert (earlier.repeated_calls, earlier.unused_calls) == (0, 1)


@pytest.mark.parametrize(("seen", "wrong"), [((1, 3), 1), ((1, 2, 2, 3), 1), ((1, 3, 2), 1), ((), 3)])
def test_events_that_the_client_did_not_see_once_and_in_order_are_missing(seen: tuple[int, ...], wrong: int) -> None:
    assert judged(a_record(), seen=seen).missing_events == wrong


def test_a_gap_in_the_rows_is_missing_too() -> None:
    events = [event | {"seq": event["seq"] + (event["seq"] > 1)} for event in a_record().events]
    assert judged(a_record(events=events), seen=(1, 3, 4)).missing_events > 0


def test_another_transcript_and_another_scene_are_told() -> None:
    spoken = [{**message, "content": [{"type": "text", "text": "Other."}]} for message in a_record().messages]
    assert "transcript 1" in judged(a_record(messages=spoken)).differences[0]
    assert "not the last snapshot" in judged(a_record(head="a")).differences[0]


def test_a_turn_without_its_cost_is_told() -> None:
    assert "ledger" in judged(a_record(paid_turns=[])).differences[0]


def test_a_number_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(chaos, "observe", lambda plan, data_dir: pytest.fail("it ran"))
    monkeypatch.setattr(sys, "argv", ["chaos.py", "--jobs", "0"])
    with pytest.raises(SystemExit) as left:
        chaos.main()
    assert left.value.code == 2
    assert "1 or more" in capsys.readouterr().err


@pytest.mark.heavy
@pytest.mark.blender
def test_a_small_run_loses_nothing() -> None:
    command = [sys.executable, str(BENCH), "--jobs", "4", "--kills", "6", "--prompts", "2", "--users", "2", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    figures = json.loads(done.stdout)
    assert done.returncode == 0, figures
    assert [figures[name] for name in PROMISED] == [4, 6, 0, 0, 0, 0, 0]
