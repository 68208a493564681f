"""The report of `check` in words, and the sentences of refused arguments."""

import pytest

from cloud.blender.arguments import Arguments, Look, RunPython, parse_arguments
from cloud.blender.child.checks.finding import Finding, as_text, length, sorted_findings
from cloud.blender.child.wording import counted
from cloud.errors import InvalidInput


def _joined(leg: str, part: str) -> Finding:
    return Finding(
        "interpenetration", "note", leg, f"{leg} and {part} run into each other: fine.", part, value=0.1, unit="m"
    )


def test_alike_joins_are_one_line_that_names_both_partners() -> None:
    findings = [_joined(f"Leg_{number}", "Body") for number in range(1, 9)] + [_joined("Eye_1", "Head")]
    text = as_text(sorted_findings(findings), "Head", [])
    assert "- likewise (0.1 m): Leg_1 … Leg_8 (8) with Body" in text
    assert len(text.splitlines()) <= 4


def test_many_different_parts_that_join_one_are_counted_rather_than_listed() -> None:
    parts = ["Sill", "Frame", "Door", "Lintel", "Gutter", "Shutter", "Step"]
    text = as_text(sorted_findings([_joined(part, "Walls") for part in parts]), "Head", [])
    assert "- likewise (0.1 m): Frame, Gutter, Lintel, Shutter and 2 more with Walls" in text


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((0.02, 0.01), "(0.01 to 0.02 m): "),
        ((0.02, 0.004), "(4 mm to 0.02 m): "),
        ((0.008, 0.003), "(3 to 8 mm): "),
        ((0.02, 3.776e-09), "(0 to 0.02 m): "),
        ((0.05, None), ""),
    ],
)
def test_the_range_of_the_numbers_of_what_is_alike_is_told(numbers: tuple[float | None, ...], told: str) -> None:
    findings = [_joined("Kite", "Body")]
    for name, number in zip(["Lamp", "Bell"], numbers, strict=True):
        unit = "" if number is None else "m"
        findings.append(
            Finding("interpenetration", "note", name, f"{name} is in Body.", "Body", value=number, unit=unit)
        )
    assert f"- likewise {told}Lamp, Bell with Body" in as_text(findings, "Head", [])


def test_no_length_is_told_where_there_is_none() -> None:
    told = Finding("floating", "warning", "Kite", f"Kite floats {length(3.776e-09)}.", value=3.776e-09, unit="m")
    assert (told.message, told.as_dict()["value"]) == ("Kite floats 0 m.", 0.0)
    assert (length(4e-6), length(0.02)) == ("0.004 mm", "0.02 m")


def test_what_floats_stands_before_the_faults_of_meshes_and_all_notes() -> None:
    findings = [
        _joined("Leg_1", "Body"),
        Finding("zero_area_faces", "warning", "Lid", "Lid has a face without area.", count=1),
        Finding("floating", "warning", "Kite", "Kite floats.", value=3.0),
    ]
    assert [finding.object for finding in sorted_findings(findings)] == ["Kite", "Lid", "Leg_1"]


@pytest.mark.parametrize(
    ("model", "given", "sentence"),
    [
        (
            RunPython,
            {"code": "", "timeout_s": float("nan")},
            "the argument 'timeout_s' should be a plain number, not nan",
        ),
        (Look, {"views": []}, "the argument 'views' is empty: give at least one, or leave the argument out"),
    ],
    ids=["nan", "no-views"],
)
def test_a_refused_argument_is_told_in_one_sentence(model: type[Arguments], given: dict, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_arguments("tool", model, given)
    assert str(refused.value) == f"tool did not run: {sentence}."


def test_one_is_not_plural() -> None:
    assert (counted(1, "object"), counted(1204, "object")) == ("1 object", "1,204 objects")
