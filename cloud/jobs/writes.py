"""Writes to a running job that are done once each, even when the database goes away in the middle of a commit."""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar
from uuid import UUID

from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_exponential

from cloud.db.engine import Database, is_unreachable
from cloud.jobs import queries

if TYPE_CHECKING:
    from types import CoroutineType

P = ParamSpec("P")
T = TypeVar("T")

Body = Callable[[queries.JobWriter], Awaitable[T]]
"""What one transaction does. It may be called several times, each time in a transaction of its own."""

# As long as a database takes to be started again, with some patience: what the job has in memory was paid for.
_PATIENCE_S = 120.0
# What a cancel leaves a write that has begun: the cancel itself must be through within a second.
_LAST_WRITE_S = 0.5

logger = logging.getLogger(__name__)


def whole(method: Callable[P, Coroutine[Any, Any, T]]) -> "Callable[P, CoroutineType[Any, Any, T]]":
    """A cancel lets the method end first, if that is soon: what is committed is then also known in memory."""

    @functools.wraps(method)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        writing = asyncio.create_task(method(*args, **kwargs))
        try:
            return await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait({writing}, timeout=_LAST_WRITE_S)
            writing.cancel()
            if writing.done() and not writing.cancelled() and (error := writing.exception()):
                logger.info("a write ended with the job's cancel", extra={"error": repr(error)})
            raise

    return run


@dataclass
class _Write(Generic[T]):
    """One write: `number` is what `jobs.writes` will be when it has landed, once that is known."""

    body: Body[T]
    number: int | None = None
    given: list[T] = field(default_factory=list)


@dataclass
class JobWrites:
    """The transactions of one attempt at a job, one at a time.

    `jobs.writes` counts them under the lock on the job's row. When the connection breaks in a commit, nobody knows
    whether it arrived; the next try sees it by the count, and does nothing if it did.
    """

    database: Database
    job_id: UUID
    attempt: int
    patience_s: float = _PATIENCE_S
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def write(self, body: Body[T], *, progress: bool = False) -> T:
        """Run `body` in one transaction, again while the database is away. Returns: what the body gave.

        `progress`: the job has got further, which ends its count of vain attempts.
        Raises: Fenced: the attempt may no longer write. One of `DATABASE_ERRORS`: the database stayed away.
        """
        write = _Write(body)
        tries = AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            wait=wait_exponential(multiplier=0.1, max=1.0),
            stop=stop_after_delay(self.patience_s),
            before_sleep=lambda state: logger.warning(
                "write to a job will be tried again",
                extra={"job_id": str(self.job_id), "try": state.attempt_number},
            ),
            reraise=True,
        )
        async with self._turn:
            await tries(self._try, write, progress)
        return write.given[-1]

    async def _try(self, write: _Write[T], progress: bool) -> None:
        async with self.database.sessions() as session, session.begin():
            writer = await queries.open_writer(session, self.job_id)
            job = writer.job
            if job.attempt == self.attempt and write.number is not None and job.writes == write.number:
                return  # the commit that was in doubt had arrived
            if job.attempt != self.attempt or job.state != "running":
                raise queries.Fenced(self.job_id, self.attempt)
            write.number = job.writes + 1
            write.given.append(await write.body(writer))
            job.writes = write.number
            if progress:
                job.stalls = 0


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, Exception) and is_unreachable(error)
