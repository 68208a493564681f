"""What a user's jobs may cost the deployment in a calendar month (UTC), and what is left of it."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from cloud.agent.access import OFFLINE_MODEL
from cloud.errors import Prompt2MeshError
from cloud.jobs.ledger import queries

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from cloud.settings import Settings


class MonthSpent(Prompt2MeshError):
    """The user's budget of the month is used up."""

    code, http_status = "month_budget_reached", 402

    def __init__(self, limit: Decimal, anew: dt.date) -> None:
        super().__init__(month_sentence(limit, anew))


@dataclass(frozen=True)
class Month:
    """One user's month. `limit` None: there is none. `spent` is in US dollars, of the deployment's money alone."""

    began: dt.datetime
    ends: dt.datetime
    limit: Decimal | None
    spent: Decimal

    @property
    def left(self) -> Decimal | None:
        """What may still be spent, never below zero; None: as much as one likes."""
        return None if self.limit is None else max(Decimal(0), self.limit - self.spent)

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left."""
        return self.left is not None and self.left <= 0


async def month_of(session: "AsyncSession", user_id: UUID, settings: "Settings", but_job: UUID | None = None) -> Month:
    """The user's present month; what `but_job` has cost is left out."""
    began, ends = month_bounds(dt.datetime.now(dt.UTC))
    limit = await queries.month_limit(session, user_id)
    if limit is None and settings.user_month_usd > 0:
        limit = Decimal(str(settings.user_month_usd))
    return Month(began, ends, limit, await queries.spent_by_system(session, user_id, began, but_job))


async def require_month_budget(
    session: "AsyncSession", user_id: UUID, settings: "Settings", model: str | None = None
) -> None:
    """To be asked before a job of a model is made. Raises: MonthSpent: it would be at the deployment's cost."""
    is_free = model == OFFLINE_MODEL or not (settings.anthropic_api_key or settings.anthropic_base_url)
    if is_free or await queries.has_own_key(session, user_id):
        return
    month = await month_of(session, user_id, settings)
    if month.limit is not None and month.is_spent:
        raise MonthSpent(month.limit, month.ends.date())


async def require_budget_of_all(
    session: "AsyncSession", user_id: UUID, settings: "Settings", models: set[str | None]
) -> None:
    """The same of many jobs. Raises: MonthSpent: one of them would be at the deployment's cost."""
    for model in sorted(models, key=str):
        await require_month_budget(session, user_id, settings, model)


def month_bounds(now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The first moments of the month and of the next one, in UTC."""
    began = now.astimezone(dt.UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return began, (began + dt.timedelta(days=32)).replace(day=1)


def month_sentence(limit: Decimal, anew: dt.date) -> str:
    """What a user is told whose month is used up."""
    return (
        f"Your budget of {limit:.2f} US dollars for this month is used up; it begins anew on {anew.isoformat()} (UTC). "
        "Until then use your own Claude key, or the offline modeller."
    )
