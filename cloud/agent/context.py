"""What of a conversation is sent to the model, and where the server may cache it."""

from collections.abc import Sequence
from typing import Any

CACHED = {"type": "ephemeral"}


def with_cache_marks(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages with cache breakpoints on the last two user turns (with the system prompt's: three of four).

    The tools come before the system prompt on the wire, so its mark covers them.
    """
    marked = list(messages)
    turns = [index for index, message in enumerate(marked) if message["role"] == "user"][-2:]
    for index in turns:
        content = list(marked[index]["content"])
        content[-1] = {**content[-1], "cache_control": CACHED}
        marked[index] = {**marked[index], "content": content}
    return marked
