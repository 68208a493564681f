"""Server-sent events out of bytes as they come, each bounded in size."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import fields
from .problems import BadAnswer

EVENT_LIMIT_BYTES = 1 << 20
_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True)
class Event:
    """One event. `number` None: it has none, and is never sent again."""

    number: int | None
    type: str
    data: fields.Json


class Parser:
    """Takes the pieces of a stream in order, and gives the events that are whole. One for each connection."""

    def __init__(self) -> None:
        self._rest = b""
        self._number: int | None = None
        self._type = ""
        self._lines: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[Event]:
        """The events that end in this piece. Raises: BadAnswer: one is too large, or not what it should be."""
        text = self._rest + piece
        begin = 0
        for end in _LINE_END.finditer(text):
            if end.group() == b"\r" and end.end() == len(text):
                break  # its "\n" may come with the next piece
            line, begin = text[begin : end.start()], end.end()
            event = self._take(line)
            if event is not None:
                yield event
        self._rest = text[begin:]
        self._demand_room(len(self._rest))

    def _demand_room(self, more_bytes: int) -> None:
        if self._size + more_bytes > EVENT_LIMIT_BYTES:
            raise BadAnswer("an event is too large")

    def _take(self, line: bytes) -> Event | None:
        if not line:
            return self._end()
        self._demand_room(len(line))
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._lines.append(value)
            self._size += len(value) + 1
        elif name == b"event":
            self._type = value.decode("utf-8", errors="replace")[:80]
        elif name == b"id":
            self._number = int(value) if value.isdigit() and len(value) < 16 else None
        return None

    def _end(self) -> Event | None:
        lines, number, kind = self._lines, self._number, self._type
        self._lines, self._number, self._type, self._size = [], None, "", 0
        if not lines:
            return None
        try:
            data: Any = json.loads(b"\n".join(lines))
        except (ValueError, RecursionError):
            raise BadAnswer("an event is not JSON") from None
        return Event(number, kind, fields.mapping(data, "an event"))
