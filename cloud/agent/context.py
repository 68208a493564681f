"""What of a conversation is sent to the model, and where the server may cache it.

A pure function of the conversation, so that a job which another runner takes up sends the same bytes and finds its
cache. Old turns are folded into a digest (`cloud.agent.digest`) in the first turn, many at once: whatever changes
before the end of a cached prefix has to be written anew, at more than ten times the price of reading it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from cloud.agent.contract import Block
from cloud.agent.digest import DIGEST_LINE_TOKENS, DIGEST_LINES, digest_of, shortened
from cloud.agent.estimate import pictures_in, tokens_of, tokens_of_text
from cloud.agent.turns import Turn

CACHED = {"type": "ephemeral"}
# Prices of the cache, in those of a plain input token.
_READ, _WRITE = 0.1, 1.25
# Of the model's limit, the rest is for the reply and for what we count wrong.
_USED_PART = 0.75
_DEFAULT_LIMIT = 200_000
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,200}")
# The API takes 100 pictures and 32 MB in one request.
_PICTURES_AT_MOST, _BYTES_AT_MOST = 60, 16 * 2**20


@dataclass(frozen=True)
class ContextRules:
    """When old turns are folded.

    The newest `kept` exchanges (a turn of the model with our answer) stay. `patience` 1 folds when keeping the older
    ones has cost as much in cache reads as it will cost to write the rest anew, which is the cheapest in the long
    run; more keeps them longer. `limit_tokens` is what the model takes in; `squeezes` halve it.

    Measured on 40-step jobs of 12 to 60 lines of code and a 512 px picture a step, as parts of what sending everything
    without a cache is billed: with kept 3 and patience 1 11 %, with these 12.5 to 13 %, without folding 15.3 %. A step
    that takes two calls (build, then look): 7.5 to 8 %, without folding 12.7 %.
    """

    limit_tokens: int = _DEFAULT_LIMIT
    kept: int = 6
    patience: float = 2.0
    squeezes: int = 0

    def within(self, limit_tokens: int | None) -> "ContextRules":
        """The same for a model that takes in so much (None: unknown)."""
        return replace(self, limit_tokens=limit_tokens or _DEFAULT_LIMIT)

    def squeezed(self) -> "ContextRules":
        """The same with half the room."""
        return replace(self, squeezes=self.squeezes + 1)


def tokens_of_frame(system: str, tools: Sequence[dict[str, Any]]) -> int:
    """About how many tokens go ahead of the conversation."""
    return tokens_of_text(system) + sum(tokens_of_text(str(tool)) for tool in tools)


def messages_of(
    conversation: Sequence[Turn], rules: ContextRules | None = None, frame_tokens: int = 0
) -> list[dict[str, Any]]:
    """The messages of the next request, with their cache breakpoints (three, and the system prompt's is the fourth)."""
    first, exchanges = conversation[0], _exchanges(conversation[1:])
    fold = _fold(first, exchanges, rules or ContextRules(), frame_tokens)
    opening = [*first.content[:-1], {**first.content[-1], "cache_control": CACHED}]
    if fold.folded:
        left_out = [turn for exchange in exchanges[: fold.folded] for turn in exchange.turns]
        opening.append({"type": "text", "text": digest_of(left_out)})
    messages: list[dict[str, Any]] = [{"role": first.role, "content": opening}]
    for number, exchange in enumerate(exchanges[fold.folded :], fold.folded):
        for turn in exchange.turns:
            content = shortened(turn) if number < fold.shortened else turn.content
            if messages[-1]["role"] == turn.role:  # the model went on after a pause
                messages[-1] = {**messages[-1], "content": [*messages[-1]["content"], *_as_sent(content)]}
            else:
                messages.append({"role": turn.role, "content": _as_sent(content)})
    return with_cache_marks(_ending_well(messages))


@dataclass(frozen=True)
class _Exchange:
    """A turn of the model (several, where it paused) and our answer."""

    turns: tuple[Turn, ...]

    @cached_property
    def tokens(self) -> int:
        return sum(tokens_of(turn.content) for turn in self.turns)

    @cached_property
    def short_tokens(self) -> int:
        return sum(tokens_of(shortened(turn)) for turn in self.turns)

    @cached_property
    def pictures(self) -> list[Block]:
        return [picture for turn in self.turns for picture in pictures_in(turn.content)]

    @property
    def overfull(self) -> bool:
        return any(turn.stop_reason == "model_context_window_exceeded" for turn in self.turns)


@dataclass(frozen=True)
class _Fold:
    """The exchanges before `folded` are in the digest, the other ones before `shortened` are shortened."""

    folded: int = 0
    shortened: int = 0


def _exchanges(turns: Sequence[Turn]) -> list[_Exchange]:
    grouped: list[list[Turn]] = []
    for turn in turns:
        if not grouped or (turn.role == "assistant" and grouped[-1][-1].role == "user"):
            grouped.append([])
        grouped[-1].append(turn)
    return [_Exchange(tuple(group)) for group in grouped]


def _fold(first: Turn, exchanges: Sequence[_Exchange], rules: ContextRules, frame_tokens: int) -> _Fold:
    """Go through the calls that were made as the conversation grew, and fold as each of them had to.

    A request with many pictures or bytes is as full as one with many tokens.
    """
    fold, held = _Fold(), 0.0
    opening = frame_tokens + tokens_of(first.content)
    room = int(rules.limit_tokens * _USED_PART) >> rules.squeezes
    digests: list[int] = [0]  # the tokens of the digest of so many exchanges
    for now in range(1, len(exchanges) + 1):
        room >>= exchanges[now - 1].overfull
        digests.append(min(digests[-1] + _digest_tokens(exchanges[now - 1]), DIGEST_LINES * DIGEST_LINE_TOKENS))
        oldest_kept = max(fold.folded, now - rules.kept)
        held += _READ * _visible(exchanges, fold, oldest_kept)
        written = digests[oldest_kept] + sum(one.short_tokens for one in exchanges[oldest_kept:now])
        if oldest_kept > fold.folded and held >= rules.patience * _WRITE * written:
            fold, held = _Fold(oldest_kept, max(now - 2, 0)), 0.0
        if opening + digests[fold.folded] + _visible(exchanges, fold, now) > room or _is_bulky(exchanges, fold, now):
            fold, held = _squeezed(exchanges, now, (room - opening) // 2 - digests[now - 1]), 0.0
    return fold


def _visible(exchanges: Sequence[_Exchange], fold: _Fold, end: int) -> int:
    """The tokens of the exchanges from the digest on, before `end`."""
    return sum(
        exchanges[i].short_tokens if i < fold.shortened else exchanges[i].tokens for i in range(fold.folded, end)
    )


def _is_bulky(exchanges: Sequence[_Exchange], fold: _Fold, now: int) -> bool:
    shown = [picture for one in exchanges[max(fold.folded, fold.shortened) : now] for picture in one.pictures]
    return len(shown) > _PICTURES_AT_MOST or sum(len(str(p["source"].get("data", ""))) for p in shown) > _BYTES_AT_MOST


def _squeezed(exchanges: Sequence[_Exchange], now: int, room: int) -> _Fold:
    """As many of the newest exchanges as have room, the newest alone as it is; if even that has none, shortened."""
    folded, taken = now - 1, exchanges[now - 1].tokens
    if taken > room:
        return _Fold(folded, now)
    while folded > 0 and taken + exchanges[folded - 1].short_tokens <= room:
        folded -= 1
        taken += exchanges[folded].short_tokens
    return _Fold(folded, now - 1)


def _digest_tokens(exchange: _Exchange) -> int:
    return DIGEST_LINE_TOKENS * sum(len(turn.calls) for turn in exchange.turns)


def _as_sent(content: Sequence[Block]) -> list[Block]:
    """The API takes back no call whose input is not an object, or whose name no tool could have."""
    return [_possible_call(block) if block["type"] == "tool_use" else block for block in content]


def _possible_call(call: Block) -> Block:
    name = call["name"] if _TOOL_NAME.fullmatch(str(call["name"])) else "unknown_tool"
    return {**call, "name": name, "input": call["input"] if isinstance(call["input"], dict) else {}}


def _ending_well(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The API takes no trailing white space where the model is to go on with its own words."""
    last = messages[-1]
    if last["role"] == "assistant" and last["content"][-1]["type"] == "text":
        block = last["content"][-1]
        trimmed = {**block, "text": block["text"].rstrip()}
        return [*messages[:-1], {**last, "content": [*last["content"][:-1], trimmed]}]
    return messages


def with_cache_marks(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Breakpoints on the last two turns of ours.

    The older one is where the request before wrote its cache: the server looks for that only 20 blocks back from a
    breakpoint, and one turn may have more.
    """
    marked = list(messages)
    for index in [index for index, message in enumerate(marked) if message["role"] == "user"][-2:]:
        content = list(marked[index]["content"])
        content[-1] = {**content[-1], "cache_control": CACHED}
        marked[index] = {**marked[index], "content": content}
    return marked
