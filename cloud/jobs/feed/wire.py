"""Events as they go over the wire: server-sent events, made once for all who follow."""

import json
from typing import Any

from cloud.jobs.feed.queries import Row
from cloud.jobs.feed.topic import Topic

HEARTBEAT = b": ping\n\n"
# No line breaks in the standard's eyes, but in those of many clients: they cut lines as Python does.
_BREAKS = str.maketrans({"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def rendered_row(topic: Topic, row: Row) -> bytes:
    """One kept event. PostgreSQL's JSON text has no line breaks, so it is one `data:` line."""
    data = row.data
    if topic.kind == "project":
        job_id = "null" if row.job_id is None else f'"{row.job_id}"'
        data = f'{{"job_id": {job_id}, {data[1:]}'
    return f"id: {row.number}\nevent: {row.type}\ndata: {_one_line(data)}\n\n".encode()


def rendered_delta(topic: Topic, delta: dict[str, Any]) -> bytes:
    """A piece of text as the model says it: no number, since it is kept nowhere."""
    data = {"type": "text.delta", "kind": str(delta.get("kind", "text")), "text": str(delta.get("text", ""))}
    if topic.kind == "project":
        data["job_id"] = str(delta["job"])
    return f"event: text.delta\ndata: {_one_line(json.dumps(data, ensure_ascii=False))}\n\n".encode(errors="replace")


def _one_line(data: str) -> str:
    return data if data.isascii() else data.translate(_BREAKS)
