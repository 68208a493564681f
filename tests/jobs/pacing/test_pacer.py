"""The pace that runners share, on a real database: two clients, as two runner processes would have them."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from cloud.agent.client import MessagesClient, RetryPolicy
from cloud.db.engine import Database
from cloud.jobs.pacing.pacer import DatabasePace, PacePolicy
from tests.agent.wire import HELLO, KEY, Asked
from tests.support.scripted_messages import Entry, Fault, MessagesApi, says, scripted_messages

GAP_S = 0.2
POLICY = PacePolicy(first_s=GAP_S, longest_s=1.0, longest_gap_s=1.0, least_s=0.01)
RETRY = RetryPolicy(attempts=8, first_wait_s=0.01, longest_wait_s=2.0)


@pytest.fixture
def pool() -> str:
    return f"pool-{uuid.uuid4().hex}"


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Database]:
    """The database as another process reaches it."""
    opened = Database.connect(database_url, pool_size=3)
    yield opened
    await opened.aclose()


def client_of(api: MessagesApi, database: Database, pool: str) -> MessagesClient:
    pace = DatabasePace(database, pool, POLICY)
    return MessagesClient("claude-sonnet-5-5", KEY, api.base_url, retry=RETRY, adaptive_thinking=False, pace=pace)


async def row_of(database: Database, pool: str) -> tuple[float, int] | None:
    async with database.sessions() as session:
        row = (
            await session.execute(text("SELECT gap_s, refusals FROM model_pace WHERE pool = :p"), {"p": pool})
        ).first()
    return (row[0], row[1]) if row else None


async def test_refused_runners_wait_and_then_call_one_after_the_other(
    database: Database, other: Database, pool: str
) -> None:
    """Twelve calls of two runners, the first of which is refused: none in the time asked for, then spaced."""
    times: list[float] = []

    def timed(_request: dict) -> Entry:
        times.append(time.monotonic())
        return says(".")

    async with scripted_messages() as api:
        clients = [client_of(api, base, pool) for base in (database, other) for _ in range(6)]
        first, rest = clients[0], clients[1:]
        api.script[:] = [Fault(429, "rate_limit_error", headers={"retry-after": "1"}), *[timed] * 12]  # type: ignore[list-item]
        asking = [asyncio.create_task(first.reply("s", [], HELLO, Asked()))]
        async with asyncio.timeout(20):
            while await row_of(other, pool) is None:  # noqa: ASYNC110 - written by another connection
                await asyncio.sleep(0.01)
        known_at = time.monotonic()
        watchers = [Asked() for _ in rest]
        asking += [asyncio.create_task(c.reply("s", [], HELLO, w)) for c, w in zip(rest, watchers, strict=True)]
        async with asyncio.timeout(60):
            await asyncio.gather(*asking)
        for each in clients:
            await each.aclose()
    assert len(api.requests) == 13
    assert min(times) - known_at > 0.5
    # Without the pace all twelve would come at once. (On a machine that stumbles some may catch up with others.)
    assert sum(at < min(times) + GAP_S * 0.7 for at in times) <= 6
    assert all(reason == "rate_limit" for watcher in watchers for reason, _ in watcher.waits)


async def test_gap_grows_with_refusals_and_shrinks_to_nothing(database: Database, pool: str) -> None:
    pace = DatabasePace(database, pool, POLICY)
    seen = Asked()
    for _ in range(2):
        await pace.before_call(seen)
        await pace.refused(0.0)
    assert await row_of(database, pool) == (GAP_S * 2, 2)
    for _ in range(12):
        await pace.before_call(seen)
        await pace.succeeded()
    row = await row_of(database, pool)
    assert row == (0.0, 0)


async def test_calls_that_are_refused_together_count_once(database: Database, other: Database, pool: str) -> None:
    paces = [DatabasePace(base, pool, POLICY) for base in (database, other) for _ in range(3)]
    await paces[0].before_call(Asked())
    await paces[0].refused(0.0)
    for pace in paces:
        pace._began_s = 1.0  # long before the first refusal was known
    await asyncio.gather(*(pace.refused(0.5) for pace in paces))
    assert await row_of(database, pool) == (GAP_S, 1)


async def test_while_all_is_well_nothing_is_written(database: Database, pool: str) -> None:
    pace = DatabasePace(database, pool, POLICY)
    await pace.before_call(Asked())
    await pace.succeeded()
    assert await row_of(database, pool) is None


async def test_longest_wait_asked_for_holds_for_all(database: Database, other: Database, pool: str) -> None:
    await DatabasePace(database, pool, POLICY).refused(30.0)
    assert await DatabasePace(other, pool, POLICY).refused(0.1) > 25


async def test_cancel_ends_the_wait_for_a_turn(database: Database, pool: str) -> None:
    pace, seen = DatabasePace(database, pool, POLICY), Asked()
    await pace.refused(50.0)
    waiting = asyncio.create_task(pace.before_call(seen))
    async with asyncio.timeout(20):
        while not seen.waits:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiting, 5)
    ((reason, seconds),) = seen.waits
    assert reason == "rate_limit"
    assert 40 < seconds <= 50


async def test_wait_for_a_turn_ends_with_a_sentence(database: Database, pool: str) -> None:
    await DatabasePace(database, pool, POLICY).refused(50.0)
    async with scripted_messages(says("never")) as api:
        asking = client_of(api, database, pool)
        asking.retry = RetryPolicy(total_wait_s=0.2)
        with pytest.raises(Exception, match="try again later") as caught:
            await asking.reply("s", [], HELLO, Asked())
        await asking.aclose()
    assert getattr(caught.value, "code", "") == "model_unavailable"
    assert api.requests == []


async def test_database_that_is_away_keeps_nobody_waiting(pool: str) -> None:
    away = Database.connect("postgresql://127.0.0.1:9/none")
    pace = DatabasePace(away, pool, POLICY)
    async with asyncio.timeout(30):
        await pace.before_call(Asked())
        assert await pace.refused(5.0) == 0
        await pace.succeeded()
    await away.aclose()
