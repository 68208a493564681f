"""The SQL of what is counted. The caller's transaction; nothing here commits.

A row is a key with how often something was tried (`failures`) since `first_at`. Rows are changed in the order of their
keys, so that two transactions never wait for each other.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.account_models import SignInFailure


@dataclass(frozen=True)
class Count:
    """How often, and for how many seconds more it is blocked, and until its window ends."""

    failures: int
    blocked_s: float
    window_s: float


async def count_one(session: AsyncSession, key: str, window: dt.timedelta, *, since_last: bool = False) -> Count:
    """One more for the key. The count begins anew once `window` is over since its start (or since the last one)."""
    await session.execute(insert(SignInFailure).values(key=key).on_conflict_do_nothing())
    begun = SignInFailure.last_at if since_last else SignInFailure.first_at
    is_over = begun < func.clock_timestamp() - window
    statement = (
        update(SignInFailure)
        .where(SignInFailure.key == key)
        .values(
            failures=case((is_over, 1), else_=SignInFailure.failures + 1),
            first_at=case((is_over, func.clock_timestamp()), else_=SignInFailure.first_at),
            last_at=func.clock_timestamp(),
        )
        .returning(
            SignInFailure.failures,
            _seconds_until(SignInFailure.blocked_until),
            _seconds_until(SignInFailure.first_at + window),
        )
    )
    failures, blocked_s, window_s = (await session.execute(statement)).one()
    return Count(failures, float(blocked_s), float(window_s))


async def blocked_seconds(session: AsyncSession, keys: Collection[str]) -> dict[str, float]:
    """For how many seconds more each of the keys is blocked; those that are not are left out.

    Makes the rows and locks them until the transaction's end: attempts are judged one after the other.
    """
    rows = [{"key": key} for key in sorted(keys)]
    await session.execute(insert(SignInFailure).values(rows).on_conflict_do_nothing())
    statement = (
        select(SignInFailure.key, _seconds_until(SignInFailure.blocked_until))
        .where(SignInFailure.key.in_(keys))
        .order_by(SignInFailure.key)
        .with_for_update()
    )
    return {key: float(seconds) for key, seconds in (await session.execute(statement)).all() if seconds > 0}


async def block(session: AsyncSession, delays_s: Mapping[str, float]) -> None:
    """Nothing more for these keys until so many seconds from now."""
    for key, seconds in sorted(delays_s.items()):
        until = func.clock_timestamp() + dt.timedelta(seconds=seconds)
        await session.execute(update(SignInFailure).where(SignInFailure.key == key).values(blocked_until=until))


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


def _seconds_until(moment: object) -> object:
    return func.coalesce(func.extract("epoch", moment - func.clock_timestamp()), 0)
