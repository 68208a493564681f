"""The pod's answers as MCP content: text for the model, structured content for code, pictures."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from mcp_types import CallToolResult, ContentBlock, ImageContent, TextContent

from cloud.blender.frames import Message
from cloud.errors import Prompt2MeshError

PICTURE_TYPES = {"image/png": "png", "image/webp": "webp"}
_PICTURES_LIMIT_BYTES = 32 * 2**20


def as_result(answer: Message) -> CallToolResult:
    """The answer's text, then its pictures. The child may send anything: what no client could read is mended."""
    text, structured = readable(str(answer.header.get("text", ""))), readable(answer.header.get("structured", {}))
    kept = pictures_of(answer)
    if left_out := len(answer.blobs) - len(kept):
        text += f"\n{left_out} pictures are left out, they are too large: ask for fewer views, a smaller size, or webp."
    content: list[ContentBlock] = [TextContent(type="text", text=text), *_image_blocks(answer, kept)]
    if not isinstance(structured, dict):
        structured = {"value": structured}
    return CallToolResult(content=content, structured_content=structured, is_error=bool(answer.header.get("is_error")))


def as_failure(error: Prompt2MeshError) -> CallToolResult:
    """What the front itself has to say, in the shape of a failed step."""
    text = readable(str(error))
    structured = {
        "ok": False,
        "stdout": "",
        "changed": {"summary": "", "added": [], "removed": [], "modified": []},
        "error": {"type": error.code, "message": text, "line": None, "source": "", "retryable": error.retryable},
        "snapshot": None,
    }
    content: list[ContentBlock] = [TextContent(type="text", text=text)]
    return CallToolResult(content=content, structured_content=structured, is_error=True)


def media_type_of(answer: Message) -> str:
    """The type of the answer's pictures: one of `PICTURE_TYPES`, whatever the child says."""
    said = answer.header.get("media_type")
    return said if isinstance(said, str) and said in PICTURE_TYPES else "image/png"


def pictures_of(answer: Message) -> list[bytes]:
    """The pictures that fit into one result, in their order."""
    kept: list[bytes] = []
    for picture in answer.blobs:
        if sum(map(len, kept)) + len(picture) > _PICTURES_LIMIT_BYTES:
            break
        kept.append(picture)
    return kept


def readable(value: Any) -> Any:
    """The same data as any JSON reader takes it: no NaN or infinity (null), no half characters (question marks)."""
    encoded = json.dumps(value, ensure_ascii=False).encode(errors="replace")
    return json.loads(encoded, parse_constant=lambda _: None)


def _image_blocks(answer: Message, pictures: list[bytes]) -> Iterator[ContentBlock]:
    for picture in pictures:
        data = base64.b64encode(picture).decode()
        yield ImageContent(type="image", data=data, mime_type=media_type_of(answer))
