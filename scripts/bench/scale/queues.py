"""The queue of jobs in a simulation: the real one on PostgreSQL, and a copy of its order in memory.

Both take the place of what a runner sees of the queue. `tests/scripts/scale/test_queues.py` holds that they hand out
the same jobs in the same order, so that a long simulation can use the quick one.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self
from uuid import UUID, uuid4

from cloud.db.engine import Database
from cloud.db.models import Job, Project, User
from cloud.jobs.claims.claims import Claim, claim_next, end_job
from cloud.jobs.claims.lease import RunLease
from cloud.jobs.payers.choice import ModelChoice
from cloud.jobs.queries import open_writer
from cloud.jobs.queue import enqueue
from cloud.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class Taken:
    """A job that a runner has taken."""

    job_id: UUID
    user_id: UUID
    attempt: int = 1


class JobQueue(Protocol):
    """What users and runners do to the queue. `claims` and `empty_claims` count the runners' questions."""

    claims: int
    empty_claims: int

    async def send(self, job_id: UUID, user_id: UUID) -> None:
        """The user's job waits now; every runner hears of it."""
        ...

    async def take(self) -> Taken | None:
        """The next job, whose user has no other that runs."""
        ...

    async def end(self, taken: Taken) -> None:
        """The job is over; every runner hears of it."""
        ...

    def on_change(self, tell: Callable[[], None]) -> None:
        """Call this whenever the queue has changed."""
        ...


class _Told:
    """Runners hear of a change a moment later, as by LISTEN; all of them, as there."""

    def __init__(self, late_s: float) -> None:
        self._late_s = late_s
        self._tell: list[Callable[[], None]] = []
        self.claims = 0
        self.empty_claims = 0

    def on_change(self, tell: Callable[[], None]) -> None:
        self._tell.append(tell)

    def _changed(self) -> None:
        loop = asyncio.get_running_loop()
        for tell in self._tell:
            loop.call_later(self._late_s, tell)


@dataclass(order=True)
class _Entry:
    rank: tuple[int, int]
    job_id: UUID = field(compare=False)
    user_id: UUID = field(compare=False)
    turn: int = field(compare=False)


class MemoryQueue(_Told):
    """The order of `cloud.jobs.queue` without a database: start-time fair queuing, one running job of each user."""

    def __init__(self, late_s: float = 0.002) -> None:
        super().__init__(late_s)
        self._number = 0
        self._furthest = 0
        self._last_turn: dict[UUID, int] = {}
        self._own: dict[UUID, list[_Entry]] = {}
        self._first: list[_Entry] = []  # the first of each user who has none that runs; stale ones are passed over
        self._running: set[UUID] = set()

    async def send(self, job_id: UUID, user_id: UUID) -> None:
        self._number += 1
        turn = max(self._furthest, self._last_turn.get(user_id, 0)) + 1
        self._last_turn[user_id] = turn
        entry = _Entry((2 * turn, self._number), job_id, user_id, turn)
        own = self._own.setdefault(user_id, [])
        heapq.heappush(own, entry)
        if own[0] is entry and user_id not in self._running:
            heapq.heappush(self._first, entry)
        self._changed()

    async def take(self) -> Taken | None:
        self.claims += 1
        while self._first:
            entry = heapq.heappop(self._first)
            own = self._own.get(entry.user_id)
            if entry.user_id in self._running or not own or own[0] is not entry:
                continue
            heapq.heappop(own)
            self._running.add(entry.user_id)
            self._furthest = max(self._furthest, entry.turn)
            return Taken(entry.job_id, entry.user_id)
        self.empty_claims += 1
        return None

    async def end(self, taken: Taken) -> None:
        self._running.discard(taken.user_id)
        if own := self._own.get(taken.user_id):
            heapq.heappush(self._first, own[0])
        self._changed()


class PostgresQueue(_Told):
    """The real thing: `enqueue`, `claim_next` and `end_job` on a database, with a real lease.

    What the database takes is no virtual time; `statement_s` is waited for once for each of the three instead.
    """

    def __init__(
        self, database: Database, settings: Settings, *, late_s: float = 0.002, statement_s: float = 0.0
    ) -> None:
        super().__init__(late_s)
        self._database = database
        self._settings = settings
        self._statement_s = statement_s
        self._lease = RunLease(database.url)
        self._projects: dict[UUID, UUID] = {}
        self._stack = AsyncExitStack()
        self._one_at_a_time = asyncio.Lock()  # the order of commits is that of the calls: one course for one seed

    async def __aenter__(self) -> Self:
        self._stack.push_async_callback(self._lease.aclose)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stack.aclose()

    async def send(self, job_id: UUID, user_id: UUID) -> None:
        async def write(session: "AsyncSession") -> None:
            if user_id not in self._projects:
                session.add(User(id=user_id, username=str(user_id)))
                await session.flush()
            project = Project(id=uuid4(), user_id=user_id, name="Simulated")
            self._projects[user_id] = project.id
            session.add(project)
            await session.flush()
            job = Job(id=job_id, user_id=user_id, project_id=project.id, prompt="a chair", request={})
            await enqueue(session, job, self._settings)

        await self._committed(write)
        self._changed()

    async def take(self) -> Taken | None:
        self.claims += 1
        async with self._one_at_a_time:
            claim = await claim_next(self._database, self._lease, _no_model)
        await asyncio.sleep(self._statement_s)
        if isinstance(claim, Claim):
            return Taken(claim.job.id, claim.job.user_id, claim.job.attempt)
        self.empty_claims += 1
        return None

    async def end(self, taken: Taken) -> None:
        async def write(session: "AsyncSession") -> None:
            writer = await open_writer(session, taken.job_id, attempt=taken.attempt)
            await end_job(writer, "succeeded", "finished", result={})

        await self._committed(write)
        await self._lease.let_go(taken.job_id, taken.attempt)
        self._changed()

    async def _committed(self, write: "Callable[[AsyncSession], Awaitable[None]]") -> None:
        async with self._one_at_a_time, self._database.sessions() as session, session.begin():
            await write(session)
        await asyncio.sleep(self._statement_s)


async def _no_model(_session: "AsyncSession", _job: Job) -> ModelChoice:
    return ModelChoice("none")
