"""What a server with a prompt cache bills for a row of requests: enough of it to compare two ways of asking."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from cloud.agent.estimate import tokens_of

READ, WRITE = 0.1, 1.25
LOOK_BACK = 20
SMALLEST = 1024


def billed_naively(frame_tokens: int, requests: Sequence[list[dict[str, Any]]]) -> float:
    """The input tokens where everything is sent each time and nothing is cached."""
    return sum(frame_tokens + sum(tokens_of(message["content"]) for message in request) for request in requests)


def billed_with_cache(frame_tokens: int, requests: Sequence[list[dict[str, Any]]]) -> float:
    """The input in the price of plain tokens. The frame (tools and system prompt) ends in a breakpoint."""
    kept: set[str] = set()
    return sum(_billed(frame_tokens, request, kept) for request in requests)


def _billed(frame_tokens: int, request: list[dict[str, Any]], kept: set[str]) -> float:
    prefixes = [("frame", frame_tokens, True), *_prefixes(frame_tokens, request)]
    read = written = 0
    for index, (_, _, is_marked) in enumerate(prefixes):
        if is_marked:
            found = [size for key, size, _ in prefixes[max(0, index - LOOK_BACK) : index + 1] if key in kept]
            read = max([read, *found])
    for key, size, is_marked in prefixes:
        if is_marked and size >= SMALLEST:
            kept.add(key)
            written = max(written, size)
    total = prefixes[-1][1]
    return READ * read + WRITE * max(0, written - read) + (total - max(written, read))


def _prefixes(frame_tokens: int, request: list[dict[str, Any]]) -> Iterator[tuple[str, int, bool]]:
    digest, size = hashlib.sha256(), frame_tokens
    for message in request:
        for block in message["content"]:
            plain = {key: value for key, value in block.items() if key != "cache_control"}
            digest.update(json.dumps([message["role"], plain], sort_keys=True).encode())
            size += tokens_of([plain])
            yield digest.hexdigest(), size, "cache_control" in block
