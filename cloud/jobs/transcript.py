"""A job's conversation as it is kept: one row a message, with pictures by hash in the artifact store."""

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from cloud.agent.contract import Block
from cloud.agent.loop import Turn
from cloud.jobs.storable import storable

if TYPE_CHECKING:
    from cloud.db.models import Message
    from cloud.storage.store import ArtifactStore


async def pack(content: Sequence[Block], store: "ArtifactStore") -> list[Any]:
    """The blocks for a row: each picture's bytes go into the store, its hash stays."""
    packed: list[Any] = []
    for block in content:
        if block.get("type") == "image" and block["source"]["type"] == "base64":
            stored = await store.put(base64.b64decode(block["source"]["data"]))
            source = {"type": "stored", "media_type": block["source"]["media_type"], "sha256": stored.sha256}
            packed.append({**block, "source": source})
        elif isinstance(block.get("content"), list):
            packed.append({**storable({**block, "content": None}), "content": await pack(block["content"], store)})
        else:
            packed.append(storable(block))
    return packed


async def unpack(content: Sequence[Block], store: "ArtifactStore") -> list[Block]:
    """The blocks as the Messages API takes them. Raises: ArtifactMissing: a picture is gone."""
    unpacked: list[Block] = []
    for block in content:
        if block.get("type") == "image" and block["source"]["type"] == "stored":
            data = await store.get(block["source"]["sha256"])
            unpacked.append({**block, "source": image_source(data, block["source"]["media_type"])})
        elif isinstance(block.get("content"), list):
            unpacked.append({**block, "content": await unpack(block["content"], store)})
        else:
            unpacked.append(block)
    return unpacked


async def as_turns(messages: Sequence["Message"], store: "ArtifactStore") -> list[Turn]:
    """The rows as the agent's conversation."""
    return [
        Turn(
            cast(Literal["user", "assistant"], message.role),
            await unpack(message.content, store),
            message.stop_reason,
        )
        for message in messages
    ]


def image_source(data: bytes, media_type: str) -> Block:
    """A picture as the Messages API takes it."""
    return {"type": "base64", "media_type": media_type, "data": base64.b64encode(data).decode()}
