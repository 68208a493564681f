"""What jobs may cost the deployment in a calendar month (UTC), in money and tokens: each user's, and all together."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from cloud.agent.access import OFFLINE_MODEL
from cloud.errors import TooManyRequests
from cloud.jobs.ledger import queries
from cloud.jobs.quotas.limits import Limits, limits_of_all, limits_of_user
from cloud.jobs.quotas.queries import row_of_user

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from cloud.settings import Settings


@dataclass(frozen=True)
class Month:
    """The month of one user, or of the whole deployment (`of_all`). A limit that is None is none.

    `spent` is in US dollars, of the deployment's money alone; `tokens` are those of the same calls, cached ones too.
    """

    began: dt.datetime
    ends: dt.datetime
    limit: Decimal | None
    spent: Decimal
    token_limit: int | None = None
    tokens: int = 0
    of_all: bool = False

    @property
    def left(self) -> Decimal | None:
        """What may still be spent, never below zero; None: as much as one likes."""
        return None if self.limit is None else max(Decimal(0), self.limit - self.spent)

    @property
    def tokens_left(self) -> int | None:
        """The same of tokens."""
        return None if self.token_limit is None else max(0, self.token_limit - self.tokens)

    @property
    def usd_sentence(self) -> str:
        """What a user is told when the money is used up."""
        what = f"budget of {self.limit or 0:.2f} US dollars for this month"
        return self._sentence(f"This server's {what}" if self.of_all else f"Your {what}")

    @property
    def token_sentence(self) -> str:
        """What a user is told when the tokens are used up."""
        what = f"budget of {self.token_limit or 0:,} tokens for this month"
        return self._sentence(f"This server's {what}" if self.of_all else f"Your {what}")

    def _sentence(self, subject: str) -> str:
        return (
            f"{subject} is used up; it begins anew on {self.ends.date().isoformat()} (UTC). "
            "Until then use your own Claude key, or the offline modeller."
        )


class MonthSpent(TooManyRequests):
    """The money of the month is used up, the user's or the deployment's."""

    code = "month_budget_reached"

    def __init__(self, month: Month, now: dt.datetime) -> None:
        super().__init__(month.usd_sentence, retry_after_s=(month.ends - now).total_seconds())
        if month.of_all:
            self.code = "server_month_budget_reached"


class MonthTokensUsed(TooManyRequests):
    """The tokens of the month are used up, the user's or the deployment's."""

    code = "month_tokens_reached"

    def __init__(self, month: Month, now: dt.datetime) -> None:
        super().__init__(month.token_sentence, retry_after_s=(month.ends - now).total_seconds())
        if month.of_all:
            self.code = "server_month_tokens_reached"


async def month_of(
    session: "AsyncSession",
    user_id: UUID,
    settings: "Settings",
    but_job: UUID | None = None,
    now: dt.datetime | None = None,
) -> Month:
    """The user's present month; what `but_job` has used is left out. Raises: NotFound: no such user."""
    limits = limits_of_user(await row_of_user(session, user_id), settings)
    return await _month(session, limits, now or _utc_now(), user_id, but_job)


async def month_of_all(
    session: "AsyncSession", settings: "Settings", but_job: UUID | None = None, now: dt.datetime | None = None
) -> Month:
    """The whole deployment's present month, likewise."""
    return await _month(session, limits_of_all(settings), now or _utc_now(), None, but_job)


async def limited_months(
    session: "AsyncSession",
    user_id: UUID,
    settings: "Settings",
    but_job: UUID | None = None,
    now: dt.datetime | None = None,
) -> list[Month]:
    """The user's month and the deployment's, those without a limit left out: nothing is summed for them."""
    found = []
    now = now or _utc_now()
    own = limits_of_user(await row_of_user(session, user_id), settings)
    for limits, owner in ((own, user_id), (limits_of_all(settings), None)):
        if limits.month_usd is not None or limits.month_tokens is not None:
            found.append(await _month(session, limits, now, owner, but_job))
    return found


async def require_month_budget(
    session: "AsyncSession",
    user_id: UUID,
    settings: "Settings",
    models: Iterable[str | None] = (None,),
    now: dt.datetime | None = None,
) -> None:
    """To be asked before jobs of these models are made.

    Raises: MonthSpent, MonthTokensUsed: one of them would be at the deployment's cost.
    """
    has_system = bool(settings.anthropic_api_key or settings.anthropic_base_url)
    if not has_system or all(model == OFFLINE_MODEL for model in models):
        return
    now = now or _utc_now()
    months = await limited_months(session, user_id, settings, now=now)
    if not months or await queries.has_own_key(session, user_id):
        return
    for month in months:
        if month.left == 0:
            raise MonthSpent(month, now)
        if month.tokens_left == 0:
            raise MonthTokensUsed(month, now)


async def _month(
    session: "AsyncSession", limits: Limits, now: dt.datetime, user_id: UUID | None, but_job: UUID | None
) -> Month:
    began, ends = month_bounds(now)
    spent, tokens = await queries.used_by_system(session, user_id, began, but_job)
    return Month(began, ends, limits.month_usd, spent, limits.month_tokens, tokens, of_all=user_id is None)


def month_bounds(now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The first moments of the month and of the next one, in UTC."""
    began = now.astimezone(dt.UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return began, (began + dt.timedelta(days=32)).replace(day=1)


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
