"""How much of each quota is used, for its user and for admins."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from cloud.jobs.ledger.month import Month, month_of, month_of_all
from cloud.jobs.quotas import queries
from cloud.jobs.quotas.limits import DAY, limits_of_all, limits_of_user
from cloud.jobs.retention.queries import used_bytes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from cloud.settings import Settings

QuotaName = Literal["day_jobs", "running_jobs", "storage_bytes", "month_tokens", "month_usd"]

RUNNING_OF_USER = 1
"""A user's jobs run one after the other, in the one Blender that is theirs; the others wait."""


@dataclass(frozen=True)
class Quota:
    """One quota. `limit` None: there is none. `renews_at`: from then on there is more; None where no time does it."""

    name: QuotaName
    limit: int | Decimal | None
    used: int | Decimal
    renews_at: dt.datetime | None = None


async def quotas_of(
    session: "AsyncSession", user_id: UUID, settings: "Settings", now: dt.datetime | None = None
) -> list[Quota]:
    """Those of one user. Raises: NotFound."""
    now = now or dt.datetime.now(dt.UTC)
    limits = limits_of_user(await queries.row_of_user(session, user_id), settings)
    return [
        await _day_jobs(session, user_id, limits.day_jobs, now),
        Quota("running_jobs", RUNNING_OF_USER, await queries.running_jobs(session, user_id)),
        Quota("storage_bytes", limits.storage_bytes, await used_bytes(session, user_id)),
        *_of_month(await month_of(session, user_id, settings, now=now)),
    ]


async def quotas_of_all(session: "AsyncSession", settings: "Settings", now: dt.datetime | None = None) -> list[Quota]:
    """Those of the whole deployment."""
    now = now or dt.datetime.now(dt.UTC)
    limits = limits_of_all(settings)
    return [
        await _day_jobs(session, None, limits.day_jobs, now),
        Quota("running_jobs", settings.max_running_jobs or None, await queries.running_jobs(session)),
        Quota("storage_bytes", limits.storage_bytes, await used_bytes(session, None)),
        *_of_month(await month_of_all(session, settings, now=now)),
    ]


async def _day_jobs(session: "AsyncSession", user_id: UUID | None, limit: int | None, now: dt.datetime) -> Quota:
    since = now - DAY
    used = await queries.jobs_since(session, user_id, since)
    renews_at = None
    if limit is not None and used:
        # At the limit: when the next job is taken. Below it: when the first place is free again.
        kept = limit - 1 if used >= limit else used - 1
        renews_at = await queries.moment_above(session, user_id, since, kept) + DAY
    return Quota("day_jobs", limit, used, renews_at)


def _of_month(month: Month) -> list[Quota]:
    return [
        Quota("month_tokens", month.token_limit, month.tokens, month.ends),
        Quota("month_usd", month.limit, month.spent, month.ends),
    ]
