"""Plays one answer: bills it, remembers what it said, and streams it, or breaks off as the script has it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.messages_api import tokens, wire
from tests.support.messages_api.caching import PromptCache
from tests.support.messages_api.check_messages import Issued
from tests.support.messages_api.ledger import Bill, Ledger
from tests.support.messages_api.models import KnownModel
from tests.support.messages_api.replies import Block, Broken, Reply, TokenUse

# What `message_start` says of the output, before there is any.
_FIRST_OUTPUT_TOKENS = 1
_TIME_TO_READ_S = 0.05


@dataclass
class Player:
    """Answers calls with replies. One for the life of a stand-in."""

    cache: PromptCache
    ledger: Ledger
    default_use: TokenUse | None = None
    issued: Issued = field(default_factory=Issued)
    _numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    def complete(self, body: dict[str, Any], reply: Reply) -> list[Block]:
        """The reply's blocks with ids and signatures filled in, kept so that they are known when they come back."""
        taken = {b.get("id") for m in body["messages"] if isinstance(m["content"], list) for b in m["content"]}
        free = (f"call_{number}" for number in itertools.count(1))
        content: list[Block] = []
        for given in reply.content:
            block = dict(given)
            if block["type"] == "tool_use" and "id" not in block:
                block["id"] = next(call_id for call_id in free if call_id not in taken)
            if block["type"] == "thinking":
                block.setdefault("signature", f"sign_{next(self._numbers)}=")
                self.issued.signatures[block["signature"]] = block["thinking"]
            if block["type"] == "redacted_thinking":
                self.issued.signatures[block["data"]] = block["data"]
            content.append(block)
        thoughts = [block for block in content if block["type"] in ("thinking", "redacted_thinking")]
        self.issued.thoughts.update({b["id"]: thoughts for b in content if b["type"] == "tool_use"})
        if reply.stop_reason == "pause_turn":
            self.issued.paused.append(content)
        return content

    def bill(
        self, body: dict[str, Any], model: KnownModel, reply: Reply, content: list[Block]
    ) -> tuple[Bill, TokenUse]:
        """The bill as it stands at the start, already in the ledger, and what it will be at the end."""
        if (whole := reply.use or self.default_use) is None:
            used = self.cache.use(body, model)
            whole = TokenUse(used.fresh, tokens.of_output(content), used.read, used.written)
        bill = Bill(model.id, replace(whole, output_tokens=_FIRST_OUTPUT_TOKENS))
        self.ledger.bills.append(bill)
        return bill, whole

    async def stream(
        self,
        body: dict[str, Any],
        model: KnownModel,
        reply: Reply,
        broken: Broken | None,
        cut: Callable[[str], None],
    ) -> AsyncIterator[str]:
        """The reply's events, up to where it breaks. `cut` ends the connection."""
        content = self.complete(body, reply)
        bill, whole = self.bill(body, model, reply, content)
        for place, text in _places(model, bill.use, whole, reply, content):
            if place == "delta":
                bill.use = whole
            if place == "stop":
                bill.whole = True
            yield text
            if broken and broken.at == place:
                if (last := await break_off(broken, cut)) is not None:
                    yield last
                return

    def whole(self, body: dict[str, Any], model: KnownModel, reply: Reply) -> dict[str, Any]:
        """The reply as one JSON body, for a request that does not stream."""
        content = self.complete(body, reply)
        bill, bill.use = self.bill(body, model, reply, content)
        bill.whole = True
        return {**head_of(model, bill.use), "content": content, **_end_of(reply)}


async def break_off(broken: Broken, cut: Callable[[str], None]) -> str | None:
    """Break the answer off here. Returns: what is still sent."""
    broken.began.set()
    match broken.by:
        case "hang":
            return await asyncio.Future()
        case "reset" if broken.at != "before":
            # A reset throws away what the client has not read yet; what it was told is billed, so let it read.
            await asyncio.sleep(_TIME_TO_READ_S)
            return cut("reset")
        case "reset" | "close":
            return cut(broken.by)
        case "garbage":
            return "event: content_block_delta\ndata: {not json\n\n"
        case "end":
            return None
        case kind:
            return wire.error_event(kind, "scripted fault")


def _places(
    model: KnownModel, first: TokenUse, whole: TokenUse, reply: Reply, content: list[Block]
) -> Iterator[tuple[str, str]]:
    """The stream in parts, each with the name of the place that is reached after it."""
    yield "start", wire.event("message_start", message=head_of(model, first)) + wire.event("ping")
    for index, block in enumerate(content):
        events = wire.block_events(index, block)
        middle = (len(events) + 1) // 2
        yield "block", "".join(events[:middle])
        yield "", "".join(events[middle:])
    yield "blocks", ""
    yield "delta", wire.event("message_delta", delta=_end_of(reply), usage=usage_of(whole))
    yield "stop", wire.event("message_stop")


def head_of(model: KnownModel, use: TokenUse) -> dict[str, Any]:
    """A message as it begins."""
    return {
        "id": "msg_standin",
        "type": "message",
        "role": "assistant",
        "model": model.id,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage_of(use),
    }


def usage_of(use: TokenUse) -> dict[str, Any]:
    """A call's tokens as the wire has them."""
    return {
        "input_tokens": use.input_tokens,
        "cache_creation_input_tokens": use.cache_write_tokens,
        "cache_read_input_tokens": use.cache_read_tokens,
        "cache_creation": {"ephemeral_5m_input_tokens": use.cache_write_tokens, "ephemeral_1h_input_tokens": 0},
        "output_tokens": use.output_tokens,
        "service_tier": "standard",
    }


def _end_of(reply: Reply) -> dict[str, Any]:
    end = {"stop_reason": reply.stop_reason, "stop_sequence": reply.stop_sequence}
    return {**end, "stop_details": reply.stop_details} if reply.stop_details else end
