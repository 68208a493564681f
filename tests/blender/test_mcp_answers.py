"""What the front makes of a child's answer, which may hold anything."""

import json
from typing import Any

from mcp_types import ImageContent, TextContent

from cloud.blender.answers import as_result
from cloud.blender.frames import Message


def _wire(header: dict[str, Any], *blobs: bytes) -> dict[str, Any]:
    """The result as a strict JSON reader gets it."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    text = json.dumps(as_result(Message(header, blobs)).model_dump(mode="json", by_alias=True), ensure_ascii=False)
    return json.loads(text.encode(), parse_constant=refuse)


def test_numbers_and_characters_that_json_does_not_know_are_mended() -> None:
    structured = {"nan": float("nan"), "far": [float("inf")], "half": "\ud800", "\udfff": 1}
    result = _wire({"text": "half \udc80 a character", "structured": structured})
    assert result["structuredContent"] == {"nan": None, "far": [None], "half": "?", "?": 1}
    assert result["content"][0]["text"] == "half ? a character"


def test_structured_content_is_always_an_object() -> None:
    assert _wire({"text": "", "structured": [1]})["structuredContent"] == {"value": [1]}
    assert _wire({"text": 5})["structuredContent"] == {}


def test_a_picture_keeps_its_media_type_unless_it_is_none() -> None:
    for said, told in {"image/webp": "image/webp", "text/html": "image/png", None: "image/png"}.items():
        picture = as_result(Message({"media_type": said}, (b"x",))).content[1]
        assert isinstance(picture, ImageContent)
        assert picture.mime_type == told


def test_pictures_past_the_limit_are_left_out_and_that_is_said() -> None:
    result = as_result(Message({"text": "six views"}, (b"x" * (12 * 2**20),) * 6))
    assert [block.type for block in result.content] == ["text", "image", "image"]
    assert isinstance(result.content[0], TextContent)
    assert "4 pictures are left out" in result.content[0].text
