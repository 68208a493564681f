"""A verdict agrees with itself, names only what is there, and of two verdicts one knows the worse."""

from typing import Any

import pytest

from cloud.agent.verdict import DEFECTS_LIMIT, Verdict, VerdictFault, is_worse, read_verdict

OBJECTS = ["Seat", "Leg Front Left"]


def answer(decision: str = "pass", *, statuses: str = "met", severities: str = "", **facts: Any) -> dict[str, Any]:
    """An answer with a requirement for each of the statuses and a defect for each of the severities."""
    return {
        "requirements": [{"text": f"r{n}", "evidence": "front", "status": s} for n, s in enumerate(statuses.split())],
        "defects": [
            {"what": f"d{n}", "severity": s, "objects": ["Seat"], "mend": "lower it"}
            for n, s in enumerate(severities.split())
        ],
        "summary": "A chair.",
        "decision": decision,
        **facts,
    }


def verdict(**facts: Any) -> Verdict:
    return read_verdict(answer(**facts), OBJECTS)


@pytest.mark.parametrize(
    ("said", "statuses", "severities", "holds"),
    [
        pytest.param("pass", "met", "", "pass", id="all well"),
        pytest.param("pass", "met", "critical", "mend", id="passes with a critical defect"),
        pytest.param("pass", "met not", "", "mend", id="passes with something missing"),
        pytest.param("pass", "met partly", "major", "pass", id="lenient within its right"),
        pytest.param("mend", "met", "minor minor", "pass", id="nothing but minor defects"),
        pytest.param("mend", "met", "", "pass", id="nothing to mend"),
        pytest.param("mend", "met partly", "", "mend", id="something in part"),
        pytest.param("mend", "met", "major", "mend", id="a major defect"),
    ],
)
def test_decision_agrees_with_what_was_found(said: str, statuses: str, severities: str, holds: str) -> None:
    assert verdict(decision=said, statuses=statuses, severities=severities).decision == holds


def test_objects_that_the_scene_does_not_have_are_left_out_and_names_are_the_scenes() -> None:
    defect = {"what": "x", "severity": "major", "objects": ["seat", "Wing", "Seat"], "mend": "y"}
    assert read_verdict(answer(defects=[defect]), OBJECTS).defects[0].objects == ["Seat"]


def test_folded_names_of_the_parts_list_are_all_that_they_stand_for() -> None:
    defect = {"what": "x", "severity": "major", "objects": ["Leg 1…3 (3)", "Seat/Back", "Wing"], "mend": "y"}
    names = ["Leg 1", "Leg 2", "Leg 3", "Leg 4", "Seat", "Back"]
    read = read_verdict(answer(defects=[defect]), names)
    assert read.defects[0].objects == ["Leg 1", "Leg 2", "Leg 3", "Seat", "Back"]


@pytest.mark.parametrize(
    ("broken", "names"),
    [
        pytest.param({"requirements": [], "defects": []}, "requirements: empty", id="says nothing"),
        pytest.param({"decision": "perhaps"}, "decision", id="no such decision"),
        pytest.param({"requirements": [{"text": "x"}]}, "requirements.0.status", id="without a status"),
        pytest.param({"score": 9}, "score", id="a score of its own"),
        pytest.param({"defects": "none"}, "defects", id="no list"),
    ],
)
def test_answer_that_is_no_verdict_is_told_what_is_wrong(broken: dict[str, Any], names: str) -> None:
    with pytest.raises(VerdictFault, match=names):
        read_verdict(answer() | broken, OBJECTS)


def test_long_lists_and_texts_are_cut_not_refused() -> None:
    many = read_verdict(answer(severities="minor " * (DEFECTS_LIMIT + 9), summary="word " * 900), OBJECTS)
    assert len(many.defects) == DEFECTS_LIMIT
    assert len(many.summary) <= 600


@pytest.mark.parametrize(
    ("new", "old", "worse"),
    [
        pytest.param(("met", "critical"), ("not not", "major major"), True, id="critical outweighs all"),
        pytest.param(("met", "major major"), ("partly", "major minor"), True, id="more major ones"),
        pytest.param(("not", "major"), ("partly", "major minor minor"), True, id="missing outweighs in part"),
        pytest.param(("partly", "major minor"), ("partly", "major"), True, id="one more minor"),
        pytest.param(("partly", "major"), ("partly", "major"), False, id="the same"),
        pytest.param(("partly", "minor minor"), ("partly", "major"), False, id="lighter"),
        pytest.param(("met", "minor minor"), ("partly", ""), False, id="passes"),
    ],
)
def test_worse_goes_by_critical_major_missing_minor(new: tuple[str, str], old: tuple[str, str], worse: bool) -> None:
    now, before = (verdict(decision="mend", statuses=each[0], severities=each[1]) for each in (new, old))
    assert is_worse(now, before) is worse


def test_scene_that_passes_is_never_the_worse_one() -> None:
    lenient = verdict(decision="pass", statuses="met", severities="major")
    assert lenient.decision == "pass"
    assert not is_worse(lenient, verdict(decision="mend", statuses="partly"))
