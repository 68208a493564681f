"""The SQL of the queue and of the claims.

Locks are taken in the order: queue entry (only by who takes it from the queue), project, job.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.models import Job

QUEUE = "jobs"
TASK = "run_job"
CHANNEL = "p2m_runners"
"""Where runners hear `wake` (the queue has changed) and `cancel:<job id>`."""
QUEUE_CHANNEL = f"procrastinate_queue_v1#{QUEUE}"
"""Where procrastinate itself tells of new entries."""

RUNNER = "prompt2mesh runner"
"""What a runner's ear is called among the database's connections: each living runner has one."""

LEASE_KEY = "hashtextextended(CAST({job_id} AS text) || ':' || CAST({attempt} AS text), 0)"
"""The advisory lock that a living attempt's runner holds. The attempt is in it, so that a hung one blocks nobody."""

SERVER_START = "pg_postmaster_start_time()"

_LEASE_HELD = """
  EXISTS (
    SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (CAST(CAST(classid AS bigint) AS bit(32)) || CAST(CAST(objid AS bigint) AS bit(32))) = CAST({key} AS bit(64))
  )""".replace("{key}", LEASE_KEY.format(job_id="jobs.id", attempt="jobs.attempt"))


@dataclass(frozen=True)
class Beat:
    """What a runner learns of one of its attempts with each heartbeat. `is_own` is False once it is fenced.

    A job is to be cancelled too whose user is suspended or being deleted.
    """

    job_id: UUID
    is_own: bool
    cancel_requested: bool


@dataclass(frozen=True)
class LostAttempt:
    """An attempt whose runner gives no sign of life. `is_hung`: its process lives, yet does nothing."""

    job_id: UUID
    attempt: int
    is_hung: bool


async def next_turn(session: AsyncSession, user_id: UUID) -> int:
    """The place in the queue of a new job of this user: start-time fair queuing (Goyal, Vin and Cheng, 1996).

    One after the furthest job that has begun, and after the user's own last that waits. So one user's jobs lie
    one behind the other, a newcomer's first beside the next of each of the others, and no later newcomer before it.
    """
    began, waits = Job.started_at.is_not(None), Job.state == "queued"
    furthest = await session.scalar(select(func.max(Job.turn)).where(began))
    own = await session.scalar(select(func.max(Job.turn)).where(Job.user_id == user_id, or_(began, waits)))
    return max(furthest or 0, own or 0) + 1


async def defer(session: AsyncSession, job: Job) -> None:
    """Put the job into the queue in the caller's transaction; the lowest turn comes first. Sets `queue_id`."""
    await defer_all(session, [job])


async def defer_all(session: AsyncSession, jobs: Sequence[Job]) -> None:
    """The same with several jobs in one statement."""
    statement = text(
        "SELECT procrastinate_defer_jobs_v1(ARRAY("
        "SELECT ROW(:queue, :task, priority, lock, NULL, jsonb_build_object('job_id', job_id), NULL)"
        "::procrastinate_job_to_defer_v1"
        " FROM unnest(CAST(:priorities AS int[]), CAST(:locks AS text[]), CAST(:job_ids AS text[]))"
        " WITH ORDINALITY AS given(priority, lock, job_id, place) ORDER BY place))"
    )
    parameters = {
        "queue": QUEUE,
        "task": TASK,
        # A job that has begun goes before those of its turn that have not: two that are sent at once share one.
        "priorities": [-2 * job.turn + (job.started_at is not None) for job in jobs],
        "locks": [f"user:{job.user_id}" for job in jobs],
        "job_ids": [str(job.id) for job in jobs],
    }
    queue_ids = (await session.execute(statement, parameters)).scalar_one()
    for job, queue_id in zip(jobs, queue_ids, strict=True):
        job.queue_id = queue_id


async def take_next(session: AsyncSession) -> tuple[int, UUID] | None:
    """Take the first entry that nobody has and whose user has no other: its id, and its job's."""
    row = (
        await session.execute(
            text("SELECT id, args->>'job_id' FROM procrastinate_fetch_job_v2(ARRAY[:queue]::varchar[], NULL)"),
            {"queue": QUEUE},
        )
    ).one()
    return None if row[0] is None else (row[0], UUID(row[1]))


async def remove_entry(session: AsyncSession, queue_id: int | None) -> None:
    """Take a job out of the queue, which frees its user's lock; tell the runners."""
    await remove_entries(session, [queue_id])


async def remove_entries(session: AsyncSession, queue_ids: Sequence[int | None]) -> None:
    """The same with several jobs in one statement.

    An entry that somebody is just taking is left to them: they will see that there is nothing to do.
    """
    await session.execute(
        text(
            "DELETE FROM procrastinate_jobs WHERE id IN"
            " (SELECT id FROM procrastinate_jobs WHERE id = ANY(:ids) FOR UPDATE SKIP LOCKED)"
        ),
        {"ids": list(queue_ids)},
    )
    await tell_runners(session, "wake")


async def tell_runners(session: AsyncSession, message: str) -> None:
    """Send the runners a message when the transaction commits."""
    await session.execute(text("SELECT pg_notify(:channel, :message)"), {"channel": CHANNEL, "message": message})


async def is_full(session: AsyncSession, limit: int) -> bool:
    """Whether `limit` jobs run. Until the transaction's end nobody else passes here, so that none is over the limit."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('p2m running jobs', 0))"))
    return (await session.scalar(select(func.count()).where(Job.state == "running")) or 0) >= limit


async def beat(session: AsyncSession, attempts: Mapping[UUID, int]) -> list[Beat]:
    """Say that these attempts live, and see what has become of them. A row that is being written is passed over."""
    statement = text(
        "WITH mine AS (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:attempts AS int[])) AS given(id, attempt)),"
        " alive AS (SELECT jobs.id FROM jobs JOIN mine ON mine.id = jobs.id AND mine.attempt = jobs.attempt"
        " WHERE jobs.state = 'running' FOR UPDATE OF jobs SKIP LOCKED),"
        " beaten AS (UPDATE jobs SET heartbeat_at = clock_timestamp() FROM alive WHERE jobs.id = alive.id)"
        " SELECT mine.id, coalesce(jobs.state = 'running' AND jobs.attempt = mine.attempt, false),"
        " jobs.cancel_requested_at IS NOT NULL OR users.suspended_at IS NOT NULL"
        " OR users.deletion_requested_at IS NOT NULL"
        " FROM mine LEFT JOIN jobs ON jobs.id = mine.id LEFT JOIN users ON users.id = jobs.user_id"
    )
    rows = await session.execute(statement, {"ids": list(attempts), "attempts": list(attempts.values())})
    return [Beat(*row) for row in rows]


@dataclass(frozen=True)
class Claim:
    """A running attempt, and what its runner has last said. `is_held`: the runner's process is connected."""

    job_id: UUID
    user_id: UUID
    username: str
    kind: str
    attempt: int
    started_at: dt.datetime | None
    silent_s: float | None
    is_held: bool


async def claims(session: AsyncSession, limit: int) -> list[Claim]:
    """What runs, of all users, the oldest first."""
    statement = text(
        "SELECT jobs.id, jobs.user_id, users.username, jobs.kind, jobs.attempt, jobs.started_at,"  # noqa: S608 - ours
        f" extract(epoch FROM clock_timestamp() - jobs.heartbeat_at)::float8, {_LEASE_HELD}"
        " FROM jobs JOIN users ON users.id = jobs.user_id WHERE jobs.state = 'running'"
        " ORDER BY jobs.started_at, jobs.id LIMIT :limit"
    )
    return [Claim(*row) for row in await session.execute(statement, {"limit": limit})]


async def runners(session: AsyncSession) -> list[tuple[str, dt.datetime]]:
    """The runners that are connected: where from ("" is this machine), and since when; the oldest first."""
    statement = text(
        "SELECT coalesce(host(client_addr), ''), backend_start FROM pg_stat_activity"
        " WHERE application_name = :name AND datname = current_database() ORDER BY backend_start, pid"
    )
    return [(row[0], row[1]) for row in await session.execute(statement, {"name": RUNNER})]


async def oldest_waiting(session: AsyncSession) -> dt.datetime | None:
    """Since when the job waits that nobody has begun yet and that was sent first; None: none waits."""
    return await session.scalar(select(func.min(Job.created_at)).where(Job.state == "queued"))


async def database_bytes(session: AsyncSession) -> int:
    """What the database takes on its disk."""
    return int((await session.execute(text("SELECT pg_database_size(current_database())"))).scalar_one())


async def lost_attempts(session: AsyncSession, silent_s: float, hung_s: float) -> list[LostAttempt]:
    """The running attempts that no living runner holds and that were silent for `silent_s`, or held for `hung_s`.

    After a restart of the database the runners get `silent_s` to come back. The marks are looked up for the silent
    alone: each look goes through all locks of the server, and every runner asks this twice a second.
    """
    since = f"greatest(coalesce(jobs.heartbeat_at, jobs.started_at, jobs.created_at), {SERVER_START})"
    statement = text(
        f"WITH silent AS MATERIALIZED (SELECT id, attempt, clock_timestamp() - {since} AS length FROM jobs"  # noqa: S608 - ours
        f" WHERE state = 'running' AND clock_timestamp() - {since} > make_interval(secs => :silent_s))"
        " SELECT id, attempt, held FROM (SELECT jobs.id, jobs.attempt, jobs.length,"
        f" {_LEASE_HELD} AS held FROM silent AS jobs) AS running"
        " WHERE NOT held OR length > make_interval(secs => :hung_s)"
    )
    rows = await session.execute(statement, {"silent_s": silent_s, "hung_s": hung_s})
    return [LostAttempt(*row) for row in rows]


async def is_still_lost(session: AsyncSession, lost: LostAttempt, silent_s: float) -> bool:
    """Whether the attempt, whose row the caller holds, has given no sign of life meanwhile."""
    statement = text(
        f"SELECT coalesce(heartbeat_at < clock_timestamp() - make_interval(secs => :silent_s), true)"  # noqa: S608 - ours
        f" AND (:is_hung OR NOT {_LEASE_HELD})"
        " FROM jobs WHERE id = :id AND state = 'running' AND attempt = :attempt"
    )
    parameters = {"id": lost.job_id, "attempt": lost.attempt, "silent_s": silent_s, "is_hung": lost.is_hung}
    return bool(await session.scalar(statement, parameters))


async def entries_of_nobody(session: AsyncSession) -> Sequence[int]:
    """Remove the entries that are taken though their job does not run (it was deleted). Returns: their ids."""
    statement = text(
        "DELETE FROM procrastinate_jobs AS entry WHERE entry.queue_name = :queue AND entry.status <> 'todo'"
        " AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.queue_id = entry.id AND jobs.state = 'running') RETURNING id"
    )
    return (await session.scalars(statement, {"queue": QUEUE})).all()


async def unqueued_jobs(session: AsyncSession) -> Sequence[UUID]:
    """The jobs that wait for a runner and are not in the queue."""
    statement = text(
        "SELECT jobs.id FROM jobs WHERE jobs.state = 'queued' AND NOT EXISTS"
        " (SELECT 1 FROM procrastinate_jobs AS entry WHERE entry.id = jobs.queue_id AND entry.status = 'todo')"
    )
    return (await session.scalars(statement)).all()


async def jobs_without_room(session: AsyncSession, waited_s: float, limit: int) -> Sequence[UUID]:
    """Queued jobs whose user has none that runs, who were not told yet that they wait for a free runner."""
    statement = text(
        "SELECT jobs.id FROM jobs WHERE jobs.state = 'queued'"
        " AND jobs.created_at < now() - make_interval(secs => :waited_s)"
        " AND NOT EXISTS (SELECT 1 FROM jobs AS other WHERE other.user_id = jobs.user_id AND other.state = 'running')"
        " AND NOT EXISTS (SELECT 1 FROM events WHERE events.job_id = jobs.id AND events.type = 'waiting'"
        " AND events.data->>'reason' = 'capacity') ORDER BY jobs.turn LIMIT :limit"
    )
    return (await session.scalars(statement, {"waited_s": waited_s, "limit": limit})).all()


async def limit_lock_wait(session: AsyncSession, limit_s: float) -> None:
    """Whoever waits longer for a lock in this transaction gets an error instead."""
    parameters: dict[str, Any] = {"limit": f"{round(limit_s * 1000)}ms"}
    await session.execute(text("SELECT set_config('lock_timeout', :limit, true)"), parameters)
