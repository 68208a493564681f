"""The picture of the scene before an edit is found again in the job's first turn."""

from cloud.agent.loop import Turn
from cloud.jobs.first_turn import picture_before
from tests.support.pictures import picture_block

BEFORE, REFERENCE = picture_block("PNG", 8), picture_block("PNG", 16)


def text(said: str) -> dict[str, str]:
    return {"type": "text", "text": said}


def test_picture_before_is_the_one_that_follows_the_scene() -> None:
    told = [text("Reference 1: a.png"), REFERENCE, text("<scene>3 objects; as they stand:</scene>"), BEFORE]
    assert picture_before(Turn("user", [*told, text("a hat")])) == BEFORE


def test_scene_without_a_picture_has_none() -> None:
    told = [text("Reference 1: a.png"), REFERENCE, text("<scene>empty</scene>"), text("a hat")]
    assert picture_before(Turn("user", told)) is None
