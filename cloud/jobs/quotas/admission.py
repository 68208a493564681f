"""The gate before the queue: no job gets in past a quota, nor of an account that is suspended."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from cloud.accounts.standing.standing import require_active
from cloud.errors import TooManyRequests
from cloud.jobs.kinds import ASKS_A_MODEL
from cloud.jobs.ledger.month import require_month_budget
from cloud.jobs.quotas import queries
from cloud.jobs.quotas.limits import DAY, limits_of_all, limits_of_user
from cloud.jobs.retention.space import require_space

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from cloud.db.models import Job
    from cloud.settings import Settings

_FAULTS_TOLD = 100


class DayJobsReached(TooManyRequests):
    """As many jobs were sent in 24 hours as may be. Of several jobs `errors` names those that have no room."""

    code = "day_jobs_reached"

    _whose = "Your"

    def __init__(self, limit: int, wanted: int, room: int, ends: dt.datetime | None, now: dt.datetime) -> None:
        super().__init__(
            f"{self._whose} {limit:,} jobs in 24 hours {_what_now(wanted, room, ends)}",
            retry_after_s=None if ends is None else (ends - now).total_seconds(),
        )
        if wanted > 1:
            said = "has no room within the jobs of 24 hours" + ("" if ends is None else f" before {_moment(ends)}")
            places = range(room + 1, min(wanted, room + _FAULTS_TOLD) + 1)
            self.errors = [{"item": place, "message": f"Item {place} {said}."} for place in places]


class ServerDayJobsReached(DayJobsReached):
    """The same of all users together."""

    code = "server_day_jobs_reached"
    _whose = "This server's"


async def admit(
    session: "AsyncSession",
    jobs: Sequence["Job"],
    settings: "Settings",
    *,
    with_file: bool = False,
    now: dt.datetime | None = None,
) -> None:
    """Count the jobs, all of one user, against every quota. Holds the user's row until the transaction's end, so that
    of two requests at once one alone gets the last place.

    Raises: AccountSuspended, AccountBeingDeleted. StorageFull. MonthSpent, MonthTokensUsed. DayJobsReached.
    """
    now = now or dt.datetime.now(dt.UTC)
    owner = jobs[0].user_id
    row = await queries.row_of_user(session, owner, lock=True)
    require_active(row)
    await require_space(session, owner, settings, with_file=with_file)
    models = {job.model for job in jobs if job.kind in ASKS_A_MODEL}
    if models:
        await require_month_budget(session, owner, settings, models, now)
    await _require_day_jobs(session, owner, limits_of_user(row, settings).day_jobs, len(jobs), now)
    of_all = limits_of_all(settings).day_jobs
    if of_all is not None:
        await queries.lock_deployment(session)
    await _require_day_jobs(session, None, of_all, len(jobs), now)
    await queries.add_tally(session, owner, len(jobs), now)


async def require_room(
    session: "AsyncSession", owner: UUID, settings: "Settings", *, now: dt.datetime | None = None
) -> None:
    """Whether a job that asks no model would be let in now: for before a large upload is read. Raises: as `admit`."""
    now = now or dt.datetime.now(dt.UTC)
    row = await queries.row_of_user(session, owner)
    require_active(row)
    await require_space(session, owner, settings)
    await _require_day_jobs(session, owner, limits_of_user(row, settings).day_jobs, 1, now)
    await _require_day_jobs(session, None, limits_of_all(settings).day_jobs, 1, now)


async def _require_day_jobs(
    session: "AsyncSession", owner: UUID | None, limit: int | None, wanted: int, now: dt.datetime
) -> None:
    if limit is None:
        return
    since = now - DAY
    sent = await queries.jobs_since(session, owner, since)
    if sent + wanted <= limit:
        return
    ends = None
    if wanted <= limit:
        ends = await queries.moment_above(session, owner, since, limit - wanted) + DAY
    refusal = DayJobsReached if owner else ServerDayJobsReached
    raise refusal(limit, wanted, max(0, limit - sent), ends, now)


def _what_now(wanted: int, room: int, ends: dt.datetime | None) -> str:
    if ends is None:
        return f"are fewer than these {wanted:,}; send fewer at once."
    if room:
        return f"have room for {room:,} of these {wanted:,} now, and for all of them from {_moment(ends)}."
    return f"are used up; {'the next is' if wanted == 1 else f'these {wanted:,} are'} taken from {_moment(ends)}."


def _moment(moment: dt.datetime) -> str:
    """Rounded up to a minute, as people read it."""
    up = moment.astimezone(dt.UTC) + dt.timedelta(seconds=59, microseconds=999_999)
    return f"{up:%Y-%m-%d %H:%M} UTC"
