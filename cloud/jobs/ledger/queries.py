"""The SQL of the ledger. Every sum is a sum of rows, in the database's own exact numbers."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Date, and_, cast, func, literal_column, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from cloud.db.models import ModelKey, Usage, User
from cloud.projects.pages import Cursor, Page, cut_page

SYSTEM = "system"
"""`usage.billed_to` of what the deployment pays."""

_TOKENS = Usage.input_tokens + Usage.output_tokens + Usage.cache_read_tokens + Usage.cache_write_tokens
_IS_FREE = and_(Usage.usd == 0, _TOKENS > 0)
_DAY = cast(func.timezone("UTC", Usage.created_at), Date)
_COLUMNS: dict[str, Any] = {
    "day": _DAY,
    "model": Usage.model,
    "purpose": Usage.purpose,
    "billed_to": Usage.billed_to,
}
GROUPS = tuple(_COLUMNS)
"""By what the sums can be grouped."""


@dataclass(frozen=True)
class Sums:
    """What some calls used together. `usd` is exact; `estimates` counts the calls that were cut off.

    `free_models` are those of the calls that used tokens and cost nothing.
    """

    calls: int = 0
    estimates: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    usd: Decimal = Decimal(0)
    free_models: Sequence[str] = ()

    @property
    def tokens(self) -> int:
        """Every token, cached ones too."""
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens


@dataclass(frozen=True)
class Window:
    """Whose calls (`owner` None: everybody's, for admins), and which: of a job, since a time, before a time."""

    owner: UUID | None
    job_id: UUID | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


async def sums_of(session: AsyncSession, window: Window) -> Sums:
    """Everything together."""
    return _sums((await session.execute(_within(select(*_summed()), window))).one())


async def sums_by(session: AsyncSession, window: Window, group: str) -> list[tuple[str, Sums]]:
    """The sums of each day (ISO), model, purpose or payer, in its order."""
    column = _COLUMNS[group]
    rows = await session.execute(_within(select(column, *_summed()), window).group_by(column).order_by(column))
    return [(str(row[0]), _sums(row[1:])) for row in rows]


async def sums_by_user(session: AsyncSession, window: Window, limit: int) -> list[tuple[str, Sums]]:
    """The sums of each user, by name, who has cost the most first; so many users at most."""
    statement = _within(select(User.username, *_summed()).join(User, User.id == Usage.user_id), window)
    dearest = statement.group_by(User.id).order_by(func.sum(Usage.usd).desc(), func.sum(_TOKENS).desc(), User.id)
    return [(str(row[0]), _sums(row[1:])) for row in await session.execute(dearest.limit(limit))]


async def unpriced_models(session: AsyncSession, window: Window) -> list[str]:
    """The models with calls that used tokens and cost nothing: those of which perhaps no price is known."""
    free = _within(select(Usage.model).distinct(), window).where(_IS_FREE).order_by(Usage.model)
    return list(await session.scalars(free))


def free_models() -> ColumnElement[Any]:
    """To be summed with the dollars of some calls, for `known_usd`: the models of those that cost nothing, or None."""
    return func.array_agg(Usage.model.distinct()).filter(_IS_FREE)


async def usage_rows(session: AsyncSession, window: Window, cursor: Cursor | None, limit: int) -> Page[Usage]:
    """A page of the rows, newest first."""
    statement = _within(select(Usage), window)
    if cursor is not None:
        statement = statement.where(tuple_(Usage.created_at, Usage.id) < (cursor.created_at, cursor.id))
    rows = await session.scalars(statement.order_by(Usage.created_at.desc(), Usage.id.desc()).limit(limit + 1))
    return cut_page(rows.all(), limit, lambda row: Cursor(row.created_at, row.id))


async def all_rows(session: AsyncSession, window: Window) -> AsyncIterator[Usage]:
    """Every row, oldest first, a few at a time."""
    statement = _within(select(Usage), window).order_by(Usage.created_at, Usage.id)
    async for row in await session.stream_scalars(statement.execution_options(yield_per=500)):
        yield row


async def used_by_system(
    session: AsyncSession, user_id: UUID | None, since: dt.datetime, but_job: UUID | None
) -> tuple[Decimal, int]:
    """The money and the tokens of calls that the deployment has paid for since then, of the user or (None) of all.

    Those of one job are left out.
    """
    tokens = Usage.input_tokens + Usage.output_tokens + Usage.cache_read_tokens + Usage.cache_write_tokens
    statement = select(func.coalesce(func.sum(Usage.usd), 0), func.coalesce(func.sum(tokens), 0)).where(
        # Written out, as the index on these rows is.
        Usage.billed_to == literal_column("'system'"),
        Usage.created_at >= since,
    )
    if user_id is not None:
        statement = statement.where(Usage.user_id == user_id)
    if but_job is not None:
        statement = statement.where(Usage.job_id.is_distinct_from(but_job))
    usd, used = (await session.execute(statement)).one()
    if user_id is None:
        more_usd, more = (await session.execute(_SPENT_BY_THE_GONE, {"since": since})).one()
        usd, used = Decimal(usd) + Decimal(more_usd), int(used) + int(more)
    return Decimal(usd), int(used)


# Of an account that is deleted the sums of its last month are kept, and no more (`cloud.jobs.closing`).
_SPENT_BY_THE_GONE = text(
    "SELECT coalesce(sum((report->>'system_month_usd')::numeric), 0),"
    " coalesce(sum((report->>'system_month_tokens')::numeric), 0) FROM account_deletions WHERE requested_at >= :since"
)


async def used_by_job(session: AsyncSession, job_id: UUID, since: dt.datetime | None = None) -> Sums:
    """What the job's calls used, since then."""
    statement = select(*_summed()).where(Usage.job_id == job_id)
    if since is not None:
        statement = statement.where(Usage.created_at >= since, Usage.billed_to == SYSTEM)
    return _sums((await session.execute(statement)).one())


async def has_own_key(session: AsyncSession, user_id: UUID) -> bool:
    """Whether the user's own key pays."""
    return await session.scalar(select(ModelKey.user_id).where(ModelKey.user_id == user_id)) is not None


def _within(statement: Any, window: Window) -> Any:
    if window.owner is not None:
        statement = statement.where(Usage.user_id == window.owner)
    if window.job_id is not None:
        statement = statement.where(Usage.job_id == window.job_id)
    if window.since is not None:
        statement = statement.where(Usage.created_at >= window.since)
    if window.until is not None:
        statement = statement.where(Usage.created_at < window.until)
    return statement


def _summed() -> list[ColumnElement[Any]]:
    columns = (Usage.input_tokens, Usage.output_tokens, Usage.cache_read_tokens, Usage.cache_write_tokens, Usage.usd)
    return [
        func.count(),
        func.count().filter(Usage.is_estimate),
        *(func.coalesce(func.sum(column), 0) for column in columns),
        free_models(),
    ]


def _sums(row: Any) -> Sums:
    *counts, usd, free = row
    return Sums(*map(int, counts), usd=Decimal(usd), free_models=free or ())
