"""Checks a request's pictures as the API does: how many, how large, and that they are what they say."""

from collections.abc import Iterator
from typing import Any

from tests.support.messages_api import caching
from tests.support.messages_api.images import facts_of
from tests.support.messages_api.refusal import Refused

_MAX_IMAGES = 100
_MANY_IMAGES = 20
_MAX_BYTES = 5 * 1024 * 1024
_MAX_SIDE_PX = 8000
_MAX_SIDE_OF_MANY_PX = 2000


def check_images(messages: list[dict[str, Any]]) -> None:
    """All pictures of the conversation can be looked at. Raises: Refused."""
    images = [*_images(messages)]
    if len(images) > _MAX_IMAGES:
        raise Refused(f"messages: Too much media: 0 document pages + {len(images)} images > {_MAX_IMAGES}")
    many = len(images) > _MANY_IMAGES
    for where, source in images:
        facts = facts_of(source["data"])
        if facts is None or facts.media_type is None:
            raise Refused(f"{where}: Could not process image")
        if facts.media_type != source["media_type"]:
            raise Refused(
                f"{where}.base64.data: The image was specified using the {source['media_type']} media type, but the "
                f"image appears to be a {facts.media_type} image"
            )
        if facts.size_bytes > _MAX_BYTES:
            raise Refused(f"{where}.base64: image exceeds 5 MB maximum: {facts.size_bytes} bytes > {_MAX_BYTES} bytes")
        largest = _MAX_SIDE_OF_MANY_PX if many else _MAX_SIDE_PX
        if max(facts.width_px, facts.height_px) > largest:
            of_many = " for many-image requests" if many else ""
            raise Refused(
                f"{where}.base64.data: At least one of the image dimensions exceed max allowed size{of_many}: "
                f"{largest} pixels"
            )


def _images(messages: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, message in enumerate(messages):
        for at, block in enumerate(caching.as_blocks(message["content"])):
            where = f"messages.{index}.content.{at}"
            if block["type"] == "image":
                yield f"{where}.image.source", block["source"]
            inner = block.get("content") if block["type"] == "tool_result" else None
            for deep, part in enumerate(inner if isinstance(inner, list) else []):
                if part["type"] == "image":
                    yield f"{where}.tool_result.content.{deep}.image.source", part["source"]
