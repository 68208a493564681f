"""What the agent is told to mend: each fact once, and none left out."""

from typing import Literal

import pytest

from cloud.agent.verdict import Defect, Requirement, Verdict
from cloud.jobs.review.mending import _open_items


def told(text: str, defect: Defect, status: Literal["partly", "not"] = "partly") -> list[str]:
    verdict = Verdict(decision="mend", requirements=[Requirement(text=text, status=status)], defects=[defect])
    return _open_items(verdict)


def defect(what: str, *objects: str, mend: str = "") -> Defect:
    return Defect(severity="major", what=what, mend=mend, objects=list(objects))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The roof sits on the walls", defect("The roof floats 0.2 m above the wall")),
        ("a red front door with a brass knob", defect("It has no knob", "Front Door", mend="add a knob of brass")),
    ],
    ids=["words", "object"],
)
def test_requirement_that_a_defect_says_too_is_told_once(text: str, found: Defect) -> None:
    (line,) = told(text, found)
    assert line.startswith(f"- major: {found.what}")


@pytest.mark.parametrize(
    ("mend", "lines"),
    [("scale the cap along the nose", 2), ("make the cap 0.8 m deep", 2), ("make it 0.80 m deep instead of 0.39", 1)],
)
def test_requirement_whose_numbers_no_defect_holds_is_told_with_them(mend: str, lines: int) -> None:
    unmet = Requirement(text="the nose cap is 0.8 m deep", status="partly", evidence="0.39 m deep instead of 0.8")
    found = defect("The nose cap is a flat disc, not deep enough", "Nose Cap", mend=mend)
    told_items = _open_items(Verdict(decision="mend", requirements=[unmet], defects=[found]))
    assert len(told_items) == lines
    assert "0.39" in "\n".join(told_items)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a red flag on the tower", defect("The tower has fallen over", "Tower", mend="set it up")),
        ("the chair is painted blue", defect("One leg hangs loose", "Chair", mend="lower the chair's leg by 0.1 m")),
        ("four windows", defect("The garden path ends in the hedge", "Path")),
    ],
    ids=["tower", "chair", "windows"],
)
def test_requirement_that_no_defect_says_comes_after_the_defects(text: str, found: Defect) -> None:
    first, second = told(text, found, "not")
    assert first.startswith("- major: ")
    assert second == f"- missing: {text}"
