"""Briefs as data and as text."""

import pytest
from pydantic import ValidationError

from cloud.agent.brief import WORDS_LIMIT, Brief, BriefPart, brief_of_text, brief_text, count_words

CHAIR = Brief(
    title="Kitchen chair",
    summary="A plain chair.\nIt stands alone.",
    parts=[
        BriefPart(name="Seat", size_m=[0.42, 0.4, 0.04], material="oak, oiled", description="dished — a little"),
        BriefPart(name="Leg", size_m=[0.04, 0.04, 0.44], count=4),
        BriefPart(name="2 × 4 Beam", size_m=[1, 0.05, 1e-3], description="a name that begins like a count"),
    ],
    proportions="The back is as high as the legs.",
    style="rustic",
    checks=["four legs", "the seat is level"],
)


def test_a_brief_reads_one_part_a_line() -> None:
    assert brief_text(CHAIR).splitlines()[:5] == [
        "Kitchen chair",
        "A plain chair.",
        "It stands alone.",
        "Parts (x×y×z):",
        "- Seat: 0.42×0.4×0.04 m, oak, oiled — dished — a little",
    ]
    assert "- 4 × Leg: 0.04×0.04×0.44 m" in brief_text(CHAIR)


def test_a_brief_read_back_from_its_text_is_the_same() -> None:
    assert brief_of_text(brief_text(CHAIR)) == CHAIR


def test_what_people_write_by_hand_is_a_brief() -> None:
    brief = brief_of_text("# A red chair\n\nTall.\n## Parts\n* 4x Leg: .04 x .04 x 0.5 m\n\nStyle: rustic\nbut clean\n")
    assert (brief.title, brief.summary, brief.style) == ("A red chair", "Tall.", "rustic but clean")
    assert brief.parts == [BriefPart(name="Leg", size_m=[0.04, 0.04, 0.5], count=4)]


def test_a_line_that_is_no_part_is_named() -> None:
    with pytest.raises(ValueError, match="line 3 is not a part: write it as"):
        brief_of_text("A\nParts:\n- a leg of 4 cm")


@pytest.mark.parametrize(
    "text", ["", "A\nParts:\n- Leg: 0×1×1 m", "A\nTo check:\n- " + "x" * 301, "x" * 121, "A\x07"], ids=str.__len__
)
def test_a_text_that_is_no_brief_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        brief_of_text(text)


def test_a_brief_of_too_many_words_is_refused_with_their_number() -> None:
    parts = [BriefPart(name="P", size_m=[1, 1, 1], description="word " * 25) for _ in range(60)]
    with pytest.raises(ValidationError, match="the brief has 1,811 words; at most 1,200 are allowed: shorten it"):
        Brief(title="Long", parts=parts, checks=["a b"])
    kept = Brief(title="Long", parts=parts[:30])
    assert count_words(kept) <= WORDS_LIMIT
