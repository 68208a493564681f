"""The claim of a job by a runner, and the two ways in which an attempt leaves it: ended, or back into the queue.

Each is one transaction: the job's state, its event and its place in the queue never disagree.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cloud.db.engine import Database, Transaction
from cloud.db.models import Job
from cloud.errors import NotFound
from cloud.jobs.claims import queries as claims
from cloud.jobs.claims.lease import RunLease
from cloud.jobs.events import JobHandedOver, JobResult, JobStarted, Waiting
from cloud.jobs.payers.choice import ChooseModel, ModelChoice
from cloud.jobs.queries import JobWriter, head_of, open_writer, usage_of, utc_now
from cloud.jobs.quotas.queries import may_work

STALLS_LIMIT = 12
"""So many attempts one after the other that got nowhere are enough."""

INTERRUPTED = {
    "code": "interrupted",
    "message": (
        f"The runner was lost {STALLS_LIMIT} times in a row before this job got any further; the scene of its last "
        "finished step is kept. Send the prompt again to go on."
    ),
}
DEPLOY, RUNNER_LOST = "deploy", "runner_lost"

_UNNOTICED_S = 1.0
_TOLD_AT_ONCE = 20


@dataclass(frozen=True)
class Claim:
    """A job that this runner now works on, as its row was right after the claim."""

    job: Job
    choice: ModelChoice
    head_id: UUID | None


@dataclass(frozen=True)
class NothingToDo:
    """No job was claimed. `is_full`: as many run as may; else nobody waits, or only for another job of their own."""

    is_full: bool = False


async def claim_next(
    database: Database, lease: RunLease, choose: ChooseModel, running_limit: int = 0
) -> Claim | NothingToDo:
    """Take the next job for a new attempt, which the lease marks as alive before anybody can see it run.

    Raises: one of `DATABASE_ERRORS` of `cloud.db.engine` or of `lease.LOST`: the job waits where it was, or, if the
    commit was in doubt, rescue puts it back.
    """
    marked: tuple[UUID, int] | None = None
    try:
        async with database.sessions() as session, session.begin():
            if running_limit and await claims.is_full(session, running_limit):
                return NothingToDo(is_full=True)
            writer = await _take(session)
            if writer is None:
                return NothingToDo()
            job = writer.job
            marked = (job.id, job.attempt + 1)
            if not await lease.hold(*marked):
                await session.rollback()
                return NothingToDo()
            claim = _begin(writer, await choose(session, job), await head_of(session, job.project_id))
    except BaseException:
        if marked:
            await lease.let_go(*marked)
        raise
    return claim


async def end_job(
    writer: JobWriter,
    state: str,
    outcome: str,
    error: dict[str, Any] | None = None,
    result: dict[str, Any] | None = None,
) -> None:
    """End the job, and make room for its user's next."""
    writer.finish(state, outcome, error, result)
    await claims.remove_entry(writer.session, writer.job.queue_id)


async def put_back(writer: JobWriter, reason: str) -> str:
    """Give the job back to the queue, at its old place; one that was to be cancelled, or never gets on, ends.

    Returns: the job's state now.
    """
    job = writer.job
    if job.cancel_requested_at is not None:
        await end_job(writer, "cancelled", "cancelled", result=await _result_so_far(writer))
        return job.state
    if reason != DEPLOY:
        job.stalls += 1
    if job.stalls >= STALLS_LIMIT:
        await end_job(writer, "failed", "failed", INTERRUPTED, await _result_so_far(writer))
        return job.state
    job.state = "queued"
    writer.emit(JobHandedOver(reason=reason))
    # A new entry: whoever still believes to have the old one can do nothing to this.
    await claims.remove_entry(writer.session, job.queue_id)
    await claims.defer(writer.session, job)
    return job.state


async def _take(session: Transaction) -> JobWriter | None:
    """The next job in the queue, locked; None if there is none, or if the entry was of a job that is over."""
    taken = await claims.take_next(session)
    if taken is None:
        return None
    queue_id, job_id = taken
    try:
        writer = await open_writer(session, job_id)
    except NotFound:
        writer = None
    if writer is None or writer.job.state != "queued" or writer.job.queue_id != queue_id:
        await claims.remove_entry(session, queue_id)  # this wakes us, to look for the one behind it
        return None
    if not await may_work(session, writer.job.user_id):
        await end_job(writer, "cancelled", "cancelled", result=await _result_so_far(writer))
        return None
    return writer


def _begin(writer: JobWriter, choice: ModelChoice, head: Any) -> Claim:
    job, now = writer.job, utc_now()
    job.state, job.attempt, job.heartbeat_at = "running", job.attempt + 1, now
    head_id = head.id if head else None
    if job.started_at is None:
        job.started_at, job.base_snapshot_id = now, head_id
    writer.emit(JobStarted(attempt=job.attempt, model=choice.model))
    return Claim(job, choice, head_id)


async def _result_so_far(writer: JobWriter) -> dict[str, Any]:
    """What is known of a job that no runner ends: above all what it cost."""
    job = writer.job
    _, usage = await usage_of(writer.session, job.id)
    seconds = (utc_now() - job.started_at).total_seconds() if job.started_at else 0.0
    return JobResult(model=job.model or "", usage=usage, seconds=round(seconds, 3)).model_dump(mode="json")


async def tell_who_waits(database: Database) -> None:
    """Tell the first jobs in the queue, once each, that they wait for a free runner. For who sees that none is free."""
    async with database.sessions() as session:
        waiting = await claims.jobs_without_room(session, _UNNOTICED_S, _TOLD_AT_ONCE)
    for job_id in waiting:
        async with database.sessions() as session, session.begin():
            writer = await open_writer(session, job_id)
            if job_id in await claims.jobs_without_room(session, _UNNOTICED_S, _TOLD_AT_ONCE):
                writer.emit(Waiting(reason="capacity"))
