"""The SQL of what is counted. The caller's transaction; nothing here commits.

A row is a key with how often something was tried (`failures`) since `first_at`. One statement counts and judges, so
that rows are locked for a moment only.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, cast, delete, func, null, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import Float, Interval

from cloud.db.account_models import SignInFailure


@dataclass(frozen=True)
class Rule:
    """From the `free`th time on a delay that begins with `first_s` and doubles up to `longest_s`.

    The count begins anew `window_s` after its start; with `since_last`, when so long nothing was counted.
    """

    free: int
    first_s: float
    longest_s: float
    window_s: float = 3600
    since_last: bool = False


async def count_one(session: AsyncSession, key: str, rule: Rule) -> float:
    """Count one more for the key, unless it is blocked. Returns: for how many seconds it is; 0: it was counted."""
    row = SignInFailure
    clock = func.clock_timestamp()
    is_blocked = func.coalesce(row.blocked_until > clock, False)
    begun = row.last_at if rule.since_last else row.first_at
    is_over = begun < clock - dt.timedelta(seconds=rule.window_s)
    failures = case((is_blocked, row.failures), (is_over, 1), else_=row.failures + 1)
    statement = (
        insert(row)
        .values(key=key, failures=1, first_at=func.now(), last_at=func.now(), blocked_until=_end(rule, 1))
        .on_conflict_do_update(
            index_elements=[row.key],
            set_={
                "failures": failures,
                "first_at": case((or_(is_blocked, ~is_over), row.first_at), else_=func.now()),
                # The transaction's own time tells below that this one was counted.
                "last_at": case((is_blocked, row.last_at), else_=func.now()),
                "blocked_until": case((is_blocked, row.blocked_until), else_=_end(rule, failures)),
            },
        )
        .returning(case((row.last_at == func.now(), 0), else_=_seconds_until(row.blocked_until)))
    )
    return float((await session.execute(statement)).scalar_one())


async def count_in_window(session: AsyncSession, key: str, window: dt.timedelta) -> tuple[int, float]:
    """Count one more for the key. Returns: how many there are, and in how many seconds the count begins anew."""
    row = SignInFailure
    is_over = row.first_at < func.clock_timestamp() - window
    statement = (
        insert(row)
        .values(key=key, failures=1)
        .on_conflict_do_update(
            index_elements=[row.key],
            set_={
                "failures": case((is_over, 1), else_=row.failures + 1),
                "first_at": case((is_over, func.clock_timestamp()), else_=row.first_at),
                "last_at": func.clock_timestamp(),
            },
        )
        .returning(row.failures, _seconds_until(row.first_at + window))
    )
    failures, seconds = (await session.execute(statement)).one()
    return failures, float(seconds)


async def take_back(session: AsyncSession, keys: Collection[str]) -> None:
    """One less for each of the keys, and no block: the last attempt was none to count."""
    for key in sorted(keys):
        await session.execute(
            update(SignInFailure)
            .where(SignInFailure.key == key, SignInFailure.failures > 0)
            .values(failures=SignInFailure.failures - 1, blocked_until=None)
        )


async def forget(session: AsyncSession, key: str) -> None:
    """As if nothing had been counted for the key."""
    await session.execute(delete(SignInFailure).where(SignInFailure.key == key))


def _end(rule: Rule, failures: Any) -> ColumnElement[Any]:
    """Until when nothing more is tried after so many failures."""
    beyond = cast(failures, Float) - rule.free
    delay_s = func.least(rule.first_s * func.power(2.0, func.least(beyond, 20)), rule.longest_s)
    ends_at = func.clock_timestamp() + delay_s * cast("1 second", Interval)
    return case((beyond < 0, null()), else_=ends_at)


def _seconds_until(moment: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    return func.extract("epoch", moment - func.clock_timestamp())
