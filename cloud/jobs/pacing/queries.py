"""The SQL of the pace that all runners share. All times are the database's: machines' clocks differ."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# What a gap was ten minutes ago says nothing of now.
_TAKE = text("""
    WITH pace AS (
        SELECT pool, next_at, CASE WHEN updated_at < now() - interval '600 s' THEN 0 ELSE gap_s END AS gap_s
        FROM model_pace WHERE pool = :pool
    ), taken AS (
        UPDATE model_pace SET next_at = clock_timestamp() + pace.gap_s * (0.75 + random() / 2) * interval '1 s'
        FROM pace
        WHERE model_pace.pool = pace.pool AND pace.gap_s > 0 AND model_pace.next_at <= clock_timestamp()
        RETURNING 1
    )
    SELECT
        extract(epoch FROM pace.next_at - clock_timestamp())::float AS wait_s,
        pace.gap_s,
        extract(epoch FROM clock_timestamp())::float AS now_s,
        EXISTS (SELECT 1 FROM taken) AS taken
    FROM pace
""")

_REFUSE = text("""
    INSERT INTO model_pace (pool, next_at, gap_s, refusals, updated_at)
    VALUES (
        :pool, clock_timestamp() + coalesce(:asked_s, :first_s) * interval '1 s', :first_s, 1, clock_timestamp()
    )
    ON CONFLICT (pool) DO UPDATE SET
        next_at = greatest(
            model_pace.next_at,
            clock_timestamp() + interval '1 s' * coalesce(
                :asked_s, least(:longest_s, :first_s * power(2, least(model_pace.refusals, 10))) * (0.5 + random() / 2)
            )
        ),
        gap_s = CASE
            WHEN model_pace.updated_at > to_timestamp(:began_s) THEN model_pace.gap_s
            ELSE least(greatest(model_pace.gap_s * 2, :first_s), :longest_gap_s)
        END,
        refusals = CASE
            WHEN model_pace.updated_at > to_timestamp(:began_s) THEN model_pace.refusals
            ELSE model_pace.refusals + 1
        END,
        updated_at = clock_timestamp()
    RETURNING extract(epoch FROM next_at - clock_timestamp())::float
""")

_SUCCEED = text("""
    UPDATE model_pace SET
        gap_s = CASE WHEN gap_s * :shrink < :least_s THEN 0 ELSE gap_s * :shrink END,
        refusals = 0,
        updated_at = clock_timestamp()
    WHERE pool = :pool AND gap_s > 0
""")


@dataclass(frozen=True)
class Turn:
    """Whether a call may begin now; if not, `wait_s` until one may. `now_s` is the database's time."""

    may_begin: bool
    wait_s: float
    gap_s: float
    now_s: float


async def take_turn(session: AsyncSession, pool: str) -> Turn | None:
    """Begin a call, if nobody is to wait and no other has just begun one. None: the pool was never refused."""
    row = (await session.execute(_TAKE, {"pool": pool})).one_or_none()
    if row is None:
        return None
    free = row.gap_s == 0 and row.wait_s <= 0
    return Turn(bool(row.taken) or free, max(row.wait_s, 0.0), row.gap_s, row.now_s)


async def refuse(
    session: AsyncSession,
    pool: str,
    *,
    began_s: float,
    asked_s: float | None,
    first_s: float,
    longest_s: float,
    longest_gap_s: float,
) -> float:
    """Nobody calls for as long as was asked, and calls are further apart from then on.

    The refusals of calls that began before an earlier one was known (`began_s`) count once. Returns: seconds.
    """
    facts = {
        "pool": pool,
        "began_s": began_s,
        "asked_s": asked_s,
        "first_s": first_s,
        "longest_s": longest_s,
        "longest_gap_s": longest_gap_s,
    }
    return max((await session.execute(_REFUSE, facts)).scalar_one(), 0.0)


async def succeed(session: AsyncSession, pool: str, *, shrink: float, least_s: float) -> None:
    """Calls may come a little closer together again."""
    await session.execute(_SUCCEED, {"pool": pool, "shrink": shrink, "least_s": least_s})
