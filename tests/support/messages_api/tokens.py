"""How many tokens the stand-in counts for what is sent and said: an estimate, but always the same one."""

import json
import math
from collections.abc import Sequence
from typing import Any

from tests.support.messages_api.images import facts_of

# Of Python code and English alike; Claude's tokenizer is not public, and gives a little less of English.
CHARS_A_TOKEN = 3.5
# The instructions that the API itself adds when there are tools.
TOOL_USE_TOKENS = 346
# The roles and borders of a message.
MESSAGE_TOKENS = 4
# Anthropic's published rule, and the size that a bigger picture is brought down to first.
_PIXELS_A_TOKEN = 750
_LONGEST_SIDE_PX = 1568


def of_text(text: str) -> int:
    """The tokens of a text."""
    return math.ceil(len(text) / CHARS_A_TOKEN)


def of_block(block: dict[str, Any]) -> int:
    """The tokens of one content block."""
    match block:
        case {"type": "text", "text": str(text)}:
            return of_text(text)
        case {"type": "image", "source": {"data": str(data)}}:
            facts = facts_of(data)
            return of_image(facts.width_px, facts.height_px) if facts else 1
        case {"type": "tool_result"}:
            content = block.get("content", "")
            inner = of_text(content) if isinstance(content, str) else sum(map(of_block, content))
            return inner + MESSAGE_TOKENS
        case {"type": "tool_use"}:
            return of_text(block["name"] + json.dumps(block["input"], ensure_ascii=False)) + MESSAGE_TOKENS
        case {"type": "thinking", "thinking": str(text)}:
            return of_text(text)
        case _:
            return of_text(json.dumps(block, ensure_ascii=False))


def of_image(width_px: int, height_px: int) -> int:
    """The tokens of a picture."""
    scale = min(1.0, _LONGEST_SIDE_PX / max(width_px, height_px))
    return math.ceil(width_px * scale * height_px * scale / _PIXELS_A_TOKEN)


def of_tool(tool: dict[str, Any]) -> int:
    """The tokens of a tool's definition."""
    return of_text(json.dumps({k: v for k, v in tool.items() if k != "cache_control"}, ensure_ascii=False))


def of_output(content: Sequence[dict[str, Any]]) -> int:
    """The tokens of what the model said; never none, as with the API."""
    total = 0
    for block in content:
        if block["type"] == "tool_use" and "input_json" in block:
            total += of_text(block["name"] + block["input_json"]) + MESSAGE_TOKENS
        else:
            total += of_block(block)
    return max(1, total)
