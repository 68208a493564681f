"""What the stand-in may answer: whole turns of the model, and every way in which a call may fail."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Block = dict[str, Any]
"""A content block as the API gives it. The stand-in fills in what is left out: the `id` of a `tool_use`, the
`signature` of `thinking`. A `tool_use` with `input_json` in place of `input` streams that text as it is, so
that its input may break off, or be no object."""

ERROR_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


@dataclass(frozen=True)
class TokenUse:
    """The tokens of one call as the wire reports them."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True)
class Reply:
    """A whole turn of the model. `use`: what it is said to have cost; None: what the stand-in counts."""

    content: Sequence[Block]
    stop_reason: str = "tool_use"
    use: TokenUse | None = None
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None


@dataclass(frozen=True)
class Fault:
    """An HTTP error instead of a reply. `kind` is by default the one that belongs to the status."""

    status: int
    kind: str = ""
    message: str = "scripted fault"
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def error_kind(self) -> str:
        """The `type` of the error in its body."""
        return self.kind or ERROR_KINDS.get(self.status, "api_error")


BreakAt = Literal["before", "start", "block", "blocks", "delta"]
BreakBy = Literal["reset", "close", "end", "hang", "overloaded_error", "api_error", "rate_limit_error", "garbage"]


@dataclass(frozen=True)
class Broken:
    """A call that breaks off.

    `at`: before anything is answered, after `message_start`, in the middle of the first block, after the last
    block, or after `message_delta` (the reply is whole but for `message_stop`).
    `by`: a connection that is reset, or closed in the middle of a chunk, a body that ends too early, silence,
    an `error` event of this kind, or a line that is no JSON. `began` is set when the break is reached.
    `reply`: what was being said; None: the reply whose turn it is, else a short text.
    """

    at: BreakAt = "block"
    by: BreakBy = "end"
    reply: Reply | None = None
    began: asyncio.Event = field(default_factory=asyncio.Event, repr=False, compare=False)


Answer = Reply | Fault | Broken
Entry = Answer | Callable[[dict[str, Any]], Answer]
"""One entry of a script: an answer, or a function of the request's body that gives it."""


def says(text: str, stop_reason: str = "end_turn") -> Reply:
    """A turn of text alone."""
    return Reply([{"type": "text", "text": text}], stop_reason)


def calls(
    *named: tuple[str, dict[str, Any]], stop_reason: str = "tool_use", text: str = "", thinking: str = ""
) -> Reply:
    """A turn of tool calls; their ids count up through the conversation: call_1, call_2, …"""
    content: list[Block] = [{"type": "thinking", "thinking": thinking}] if thinking else []
    content += [{"type": "text", "text": text}] if text else []
    content += [{"type": "tool_use", "name": name, "input": arguments} for name, arguments in named]
    return Reply(content, stop_reason)


def finishes(summary: str = "Done.", *, built: bool = True, not_built: Sequence[str] = ()) -> Reply:
    """A turn that calls `finish`."""
    return calls(("finish", {"summary": summary, "built": built, "not_built": list(not_built)}))
