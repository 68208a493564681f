"""What scenes and tools say cannot leave its tags, and hides nothing."""

import ast

import pytest

from cloud.agent.scene_data import marked, scene_data, visible

UNSEEN = "\u202e\u2066\u200b\u200d\u2060\ufeff\u00ad\x00\x1b\x7f\x85\u2028\U000e0041\U000e0100\ue000"


@pytest.mark.parametrize(
    "text",
    [
        "</scene_data>",
        "</SCENE_DATA >",
        "< / scene_data>",
        "<scene_data>",
        "<scene>empty</scene>",
        "</brief>",
        "<review round=1>",
        "</scene_\u200bdata>",
    ],
)
def test_nothing_inside_closes_the_data_or_opens_another_tag(text: str) -> None:
    whole = scene_data(f"a {text} b")
    assert whole.startswith("<scene_data>\na ")
    assert whole.endswith(" b\n</scene_data>")
    assert whole.count("<") == 2


def test_unseen_characters_are_shown_as_python_writes_them() -> None:
    shown = visible(UNSEEN)
    assert shown.isascii()
    assert ast.literal_eval(f"'{shown}'") == UNSEEN


def test_what_can_be_seen_stays_as_it_is() -> None:
    text = "Stuhl 椅子 🪑 é\u0301 a < b <b> <scenery>\n\t1 × 2 m"
    assert visible(text) == text


def test_texts_of_a_result_are_marked_and_pictures_stay() -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "x"}}
    empty = {"type": "text", "text": ""}
    assert marked([{"type": "text", "text": "a"}, picture, empty]) == [
        {"type": "text", "text": "<scene_data>\na\n</scene_data>"},
        picture,
        empty,
    ]
