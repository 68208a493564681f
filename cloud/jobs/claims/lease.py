"""The mark "a living runner has this attempt": an advisory lock, which PostgreSQL frees when our process ends."""

import asyncio
import logging
from contextlib import suppress
from uuid import UUID

import psycopg

from cloud.db.engine import libpq_url
from cloud.jobs.claims.queries import LEASE_KEY

_ANSWER_LIMIT_S = 5.0
_TAKE = f"SELECT pg_try_advisory_lock({LEASE_KEY.format(job_id='%(job_id)s', attempt='%(attempt)s')})"
_FREE = f"SELECT pg_advisory_unlock({LEASE_KEY.format(job_id='%(job_id)s', attempt='%(attempt)s')})"

LOST = (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError)
"""What the methods raise while the database is away."""

logger = logging.getLogger(__name__)


class RunLease:
    """All the marks of one runner, on one connection of its own. Use from one event loop.

    When the connection breaks, `renew` takes them again; until then rescue waits some seconds.
    """

    def __init__(self, database_url: str) -> None:
        self._url = libpq_url(database_url)
        self._connection: psycopg.AsyncConnection | None = None
        self._wanted: set[tuple[UUID, int]] = set()
        self._taken: set[tuple[UUID, int]] = set()
        self._turn = asyncio.Lock()

    async def hold(self, job_id: UUID, attempt: int) -> bool:
        """Mark the attempt as alive. Returns: False if another runner has marked it. Raises: one of `LOST`."""
        async with self._turn:
            mark = (job_id, attempt)
            self._wanted.add(mark)
            try:
                await self._take_all()
            except LOST:
                self._wanted.discard(mark)
                raise
            if mark not in self._taken:
                self._wanted.discard(mark)
            return mark in self._taken

    async def let_go(self, job_id: UUID, attempt: int) -> None:
        """Take the mark away; a connection that is broken has lost it anyway."""
        async with self._turn:
            mark = (job_id, attempt)
            self._wanted.discard(mark)
            if mark in self._taken:
                self._taken.discard(mark)
                with suppress(*LOST):
                    await self._ask(_FREE, mark)

    async def renew(self) -> None:
        """Make sure that the marks still stand. Raises: one of `LOST`."""
        async with self._turn:
            if self._connection is not None:
                try:
                    async with asyncio.timeout(_ANSWER_LIMIT_S):
                        await self._connection.execute("SELECT 1")
                except LOST:
                    await self._disconnect()
            await self._take_all()

    async def aclose(self) -> None:
        """Free everything."""
        async with self._turn:
            self._wanted.clear()
            await self._disconnect()

    async def _take_all(self) -> None:
        for attempt in (1, 2):  # a connection that broke unnoticed is made anew once
            try:
                await self._connect()
                for mark in self._wanted - self._taken:
                    if await self._ask(_TAKE, mark):
                        self._taken.add(mark)
                return
            except LOST:
                await self._disconnect()
                if attempt == 2:
                    raise

    async def _connect(self) -> None:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True, connect_timeout=5)

    async def _ask(self, statement: str, mark: tuple[UUID, int]) -> bool:
        assert self._connection is not None
        async with asyncio.timeout(_ANSWER_LIMIT_S):
            # The statement is one of the two above: nothing of it comes from elsewhere.
            cursor = await self._connection.execute(statement.encode(), {"job_id": mark[0], "attempt": mark[1]})
            row = await cursor.fetchone()
        return row is not None and bool(row[0])

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        self._taken.clear()
        if connection is not None:
            await connection.close()
