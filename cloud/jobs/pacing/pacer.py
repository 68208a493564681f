"""The pace at which all runners together call a model with one key: see `cloud.agent.pace.Pace`.

Once the server has refused a call, nobody calls before the time that it asked for; then the calls of all begin one
after the other, some time apart, which each success shortens until it is nothing. While all is well a call costs one
small read, and no write.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from cloud.agent.pace import PaceWatcher
from cloud.db.engine import DATABASE_ERRORS, Database, Transaction
from cloud.jobs.pacing import queries

T = TypeVar("T")

_QUERY_LIMIT_S = 2.0
_LEAST_SLEEP_S = 0.02
# Shorter waits are no news, and of many that follow each other only some are told.
_NEWS_S = 1.0
_NEWS_EVERY_S = 5.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PacePolicy:
    """`first_s` is the first gap, and the first wait where the server asks for none; both double up to their limits.

    A success makes the gap `shrink` times as long; below `least_s` it is none.
    """

    first_s: float = 1.0
    longest_s: float = 60.0
    longest_gap_s: float = 30.0
    shrink: float = 0.7
    least_s: float = 0.25


@dataclass
class DatabasePace:
    """One client's part in the pace of a pool. A database that is away keeps nobody waiting."""

    database: Database
    pool: str
    policy: PacePolicy = field(default_factory=PacePolicy)
    _began_s: float = 0.0
    _has_gap: bool = False

    async def before_call(self, watcher: PaceWatcher) -> None:
        """Return when a call may begin."""
        clock = asyncio.get_running_loop().time
        told_at, told_until = float("-inf"), float("-inf")
        while (turn := await self._ask(lambda session: queries.take_turn(session, self.pool))) is not None:
            self._began_s, self._has_gap = turn.now_s, turn.gap_s > 0
            if turn.may_begin:
                return
            now = clock()
            if turn.wait_s >= _NEWS_S and now >= told_until and now - told_at >= _NEWS_EVERY_S:
                told_at, told_until = now, now + turn.wait_s
                await watcher.waiting("rate_limit", turn.wait_s)
            await asyncio.sleep(max(turn.wait_s, _LEAST_SLEEP_S))
        self._began_s, self._has_gap = 0.0, False

    async def refused(self, asked_s: float | None) -> float:
        """The server wants fewer calls. Returns: for how many seconds nobody may call."""
        policy = self.policy

        async def body(session: Transaction) -> float:
            return await queries.refuse(
                session,
                self.pool,
                began_s=self._began_s,
                asked_s=asked_s,
                first_s=policy.first_s,
                longest_s=policy.longest_s,
                longest_gap_s=policy.longest_gap_s,
            )

        return await self._ask(body) or 0.0

    async def succeeded(self) -> None:
        """A call was answered."""
        if not self._has_gap:
            return

        async def body(session: Transaction) -> None:
            await queries.succeed(session, self.pool, shrink=self.policy.shrink, least_s=self.policy.least_s)

        await self._ask(body)

    async def _ask(self, body: Callable[[Transaction], Awaitable[T]]) -> T | None:
        """What `body` gives in a transaction of its own; None where the database does not answer."""
        try:
            async with asyncio.timeout(_QUERY_LIMIT_S):
                async with self.database.sessions() as session, session.begin():
                    return await body(session)
        except (*DATABASE_ERRORS, TimeoutError) as error:
            logger.warning("the shared pace is not known; calls go on", extra={"error": type(error).__name__})
            return None
