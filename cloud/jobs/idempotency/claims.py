"""A request that makes something, sent twice with one key, makes it once.

The key is written first in the transaction that makes the thing. A second request with the key waits there for the
first one's end: then it finds what that made, or, if the first made nothing, it is the first.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from cloud.errors import Conflict, InvalidInput
from cloud.jobs.idempotency import queries

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

KEY_LIMIT_CHARS = 200


class KeyReused(Conflict):
    """The key came before, with a request that says something else."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key came before with another request; send a new key with a new request.")


@dataclass(frozen=True)
class IdempotentRequest:
    """One request of one user. `key` None: the client sent none, and each request makes something new."""

    owner: UUID
    key: str | None
    request_hash: bytes

    async def made_before(self, session: "AsyncSession", new_id: UUID) -> UUID | None:
        """What an earlier such request made; None: make `new_id` now, in this transaction.

        Call it before anything that depends on the state of the project: that may have changed since the first
        request, and its answer still stands. Raises: KeyReused.
        """
        if self.key is None:
            return None
        while not await queries.add_key(session, self.owner, self.key, self.request_hash, new_id):
            found = await queries.find_key(session, self.owner, self.key)
            if found is not None:  # else it was purged in this moment
                request_hash, made_id = found
                if request_hash != self.request_hash:
                    raise KeyReused
                return made_id
        return None


def checked_key(text: str) -> str:
    """The key as it is. Raises: InvalidInput: it is empty, too long, or not of printable ASCII."""
    if not (0 < len(text) <= KEY_LIMIT_CHARS and text.isascii() and text.isprintable()):
        raise InvalidInput(f"Idempotency-Key must have 1 to {KEY_LIMIT_CHARS} printable ASCII characters.")
    return text


def request_hash(route: str, media_type: str, body: bytes) -> bytes:
    """Equal for requests that say the same: the white space and the order of fields in JSON do not count."""
    if media_type == "application/json":
        with suppress(ValueError, RecursionError):  # the route refuses it in a moment
            body = json.dumps(json.loads(body), sort_keys=True).encode()
    parts = (route.encode(), media_type.encode(), body)
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).digest()
