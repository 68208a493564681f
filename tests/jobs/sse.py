"""Server-sent events as a client reads them."""

import json
from typing import Any, NamedTuple


class Sent(NamedTuple):
    """One event of a stream; `number` is None for what is not kept."""

    number: int | None
    type: str
    data: dict[str, Any]


def parse(stream: bytes) -> list[Sent]:
    """The events of whole pieces of a stream; comments are left out."""
    found = []
    for block in stream.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            number = int(fields["id"]) if "id" in fields else None
            found.append(Sent(number, fields["event"], json.loads(fields["data"])))
    return found
