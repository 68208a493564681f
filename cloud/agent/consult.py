"""One question to a model outside the build's conversation, answered as JSON of a schema."""

import json
from dataclasses import dataclass, replace
from typing import Any

from cloud.agent.client import CallOptions, Model, ModelReply, Watcher
from cloud.agent.contract import Block
from cloud.agent.model_errors import ModelError


@dataclass(frozen=True)
class Consultation:
    """What came of one question. `answer` is the JSON object."""

    answer: dict[str, Any]
    reply: ModelReply


async def consult(
    model: Model,
    *,
    system: str,
    content: list[Block],
    schema: dict[str, Any],
    watcher: Watcher,
    options: CallOptions | None = None,
) -> Consultation:
    """Ask with fresh context. The caller holds the answer against its own rules; the schema is the server's business.

    Raises: ModelError: the model cannot be had, declined, or gave no JSON object.
    """
    asked = replace(options or CallOptions(), schema=schema)
    reply = await model.reply(system, [], [{"role": "user", "content": content}], watcher, asked)
    text = "".join(block["text"] for block in reply.content if block["type"] == "text")
    if reply.stop_reason == "refusal":
        raise ModelError(text.strip() or "The model declined the request.", "refused")
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ModelError("The model's answer was not the JSON that was asked for.", "model_reply_invalid")
    return Consultation(answer, reply)
