"""The pieces of what a model says, on their way to whoever looks on: notifications, of which nothing is kept."""

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from cloud.db.engine import DATABASE_ERRORS, Database
from cloud.jobs.progress.queries import notify
from cloud.jobs.storable import storable_text

if TYPE_CHECKING:
    from cloud.db.models import Job

CHANNEL = "p2m_deltas"
# PostgreSQL takes payloads below 8,000 bytes.
PIECE_BYTES = 6_000
_GATHER_S = 0.1
_SEND_LIMIT_S = 1.0
# A model that says more than this in one breath, or a database that does not answer: the rest is left out.
_WAITING_CHARS = 100_000

logger = logging.getLogger(__name__)


@dataclass
class DeltaSender:
    """Gathers the pieces of one job for a tenth of a second, and sends them. Failures cost only the pieces.

    Its task ends by itself when there is nothing to send; `flush` waits for it.
    """

    database: Database
    job_id: UUID
    project_id: UUID
    _waiting: list[tuple[str, str]] = field(default_factory=list)
    _chars: int = 0
    _sending: asyncio.Task[None] | None = None
    _hurry: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def of_job(cls, database: Database, job: "Job") -> "DeltaSender":
        """A sender for the job's clients."""
        return cls(database, job.id, job.project_id)

    def add(self, kind: str, piece: str) -> None:
        """Send this piece soon (`kind`: text or thinking). Never waits."""
        if not piece or self._chars > _WAITING_CHARS:
            return
        self._chars += len(piece)
        if self._waiting and self._waiting[-1][0] == kind:
            self._waiting[-1] = (kind, self._waiting[-1][1] + piece)
        else:
            self._waiting.append((kind, piece))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_soon(), name="deltas")

    async def flush(self) -> None:
        """Return when all pieces are sent or given up: nothing is sent after what is committed next."""
        if self._sending is not None:
            self._hurry.set()
            await asyncio.wait({self._sending}, timeout=2 * _SEND_LIMIT_S)
            self._sending.cancel()
            self._hurry.clear()
        self._waiting, self._chars = [], 0

    async def _send_soon(self) -> None:
        while self._waiting:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GATHER_S):
                    await self._hurry.wait()
            pieces, self._waiting, self._chars = self._waiting, [], 0
            try:
                async with asyncio.timeout(_SEND_LIMIT_S):
                    for kind, text in pieces:
                        await self._send(kind, text)
            except (*DATABASE_ERRORS, TimeoutError) as error:
                logger.info("text pieces were not sent", extra={"error": type(error).__name__})

    async def _send(self, kind: str, text: str) -> None:
        facts = {"job": str(self.job_id), "project": str(self.project_id), "kind": kind}
        for piece in split_text(storable_text(text), PIECE_BYTES):
            await notify(self.database.engine, CHANNEL, json.dumps({**facts, "text": piece}, ensure_ascii=False))


def split_text(text: str, limit_bytes: int) -> Iterator[str]:
    """The text in pieces that are at most this long as JSON in UTF-8. No character is cut; `limit_bytes` ≥ 12."""
    if len(json.dumps(text, ensure_ascii=False).encode()) <= limit_bytes:
        yield text
        return
    start = size = 0
    for index, character in enumerate(text):
        wide = len(json.dumps(character, ensure_ascii=False).encode()) - 2
        if size + wide > limit_bytes:
            yield text[start:index]
            start, size = index, 0
        size += wide
    yield text[start:]
