"""One question to a model outside the build's conversation, answered as JSON of a schema."""

import json
from dataclasses import dataclass, replace
from typing import Any

from cloud.agent.abilities import CallOptions
from cloud.agent.contract import Block
from cloud.agent.model import Model, ModelReply, Watcher
from cloud.agent.model_errors import ModelError


@dataclass(frozen=True)
class Consultation:
    """What came of one question. `answer` is the JSON object."""

    answer: dict[str, Any]
    reply: ModelReply


class NoAnswer(ModelError):
    """The model declined, or gave no JSON object. `reply` is what it said instead, and was paid for."""

    def __init__(self, message: str, code: str, reply: ModelReply) -> None:
        super().__init__(message, code)
        self.reply = reply


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

    Raises: NoAnswer. ModelError: the model cannot be had.
    """
    asked = replace(options or CallOptions(), schema=schema)
    reply = await model.reply(system, [], [{"role": "user", "content": content}], watcher, asked)
    text = "".join(block["text"] for block in reply.content if block["type"] == "text")
    if reply.stop_reason == "refusal":
        raise NoAnswer(text.strip() or "The model declined the request; say it in other words.", "refused", reply)
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        why = "broke off at its length limit" if reply.stop_reason == "max_tokens" else "was not the JSON asked for"
        raise NoAnswer(f"The model's answer {why}; send the prompt again.", "model_reply_invalid", reply)
    return Consultation(answer, reply)
