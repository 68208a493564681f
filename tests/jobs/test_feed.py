"""The feed of events: what there is, then what comes, through broken connections."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import psycopg
import pytest

from cloud.db.engine import Database, libpq_url
from cloud.jobs import queries
from cloud.jobs.events import AgentText, AnyEvent
from cloud.jobs.feed import EventFeed
from tests.jobs.conftest import Account


@pytest.fixture
async def feed(database_url: str) -> AsyncIterator[EventFeed]:
    opened = EventFeed(database_url)
    await opened.start()
    yield opened
    await opened.aclose()


@pytest.fixture
async def owner(database: Database) -> Account:
    return await Account.create(database)


async def say(owner: Account, job_id: UUID, words: str) -> None:
    async with owner.database.sessions() as session, session.begin():
        (await queries.open_writer(session, job_id)).emit(AgentText(text=words))


async def finish(owner: Account, job_id: UUID) -> None:
    async with owner.database.sessions() as session, session.begin():
        (await queries.open_writer(session, job_id)).finish("succeeded", "finished")


async def following(stream: AsyncIterator[tuple[int, AnyEvent]]) -> tuple[int, AnyEvent]:
    return await asyncio.wait_for(anext(stream), 3)


async def test_events_come_from_the_start_and_end_with_the_job(feed: EventFeed, owner: Account) -> None:
    job_id = await owner.post()
    await say(owner, job_id, "hello")
    await finish(owner, job_id)
    seen = [(seq, event.type) async for seq, event in feed.subscribe(job_id, 0)]
    assert seen == [(1, "job.queued"), (2, "text"), (3, "job.finished")]


async def test_new_event_arrives_as_soon_as_it_is_committed(feed: EventFeed, owner: Account) -> None:
    job_id = await owner.post()
    stream = feed.subscribe(job_id, 0)
    await following(stream)
    waiting = asyncio.create_task(following(stream))
    await asyncio.wait({waiting}, timeout=0.3)  # it is waiting for news now
    began = asyncio.get_running_loop().time()
    await say(owner, job_id, "news")
    assert (await waiting)[0] == 2
    assert asyncio.get_running_loop().time() - began < 1
    await stream.aclose()  # type: ignore[attr-defined]


async def test_resumed_stream_has_no_gap_and_no_repeat(feed: EventFeed, owner: Account) -> None:
    job_id = await owner.post()
    for number in range(5):
        await say(owner, job_id, str(number))
    await finish(owner, job_id)
    assert [seq async for seq, _ in feed.subscribe(job_id, 4)] == [5, 6, 7]


async def test_stream_past_the_end_of_an_ended_job_ends(feed: EventFeed, owner: Account) -> None:
    job_id = await owner.post()
    await finish(owner, job_id)
    assert [seq async for seq, _ in feed.subscribe(job_id, 2)] == []


async def test_slow_and_fast_subscribers_each_get_everything(feed: EventFeed, owner: Account) -> None:
    job_id = await owner.post()
    fast = asyncio.create_task(_all_of(feed, job_id))
    slow = feed.subscribe(job_id, 0)
    await following(slow)
    for number in range(200):
        await say(owner, job_id, str(number))
    await finish(owner, job_id)
    assert await asyncio.wait_for(fast, 10) == list(range(1, 203))
    assert [seq async for seq, _ in slow] == list(range(2, 203))


async def test_feed_outlives_a_broken_connection(feed: EventFeed, owner: Account, database_url: str) -> None:
    job_id = await owner.post()
    stream = feed.subscribe(job_id, 0)
    await following(stream)
    waiting = asyncio.create_task(following(stream))
    with psycopg.connect(libpq_url(database_url), autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        ).fetchall()
    assert ended == [(True,)]
    await say(owner, job_id, "after the break")
    assert (await waiting)[0] == 2
    await stream.aclose()  # type: ignore[attr-defined]


async def test_closed_feed_ends_its_streams(database_url: str, owner: Account) -> None:
    job_id = await owner.post()
    feed = EventFeed(database_url)
    await feed.start()
    stream = feed.subscribe(job_id, 0)
    await following(stream)
    rest = asyncio.create_task(_rest_of(stream))
    await asyncio.wait({rest}, timeout=0.2)
    await feed.aclose()
    assert await asyncio.wait_for(rest, 3) == []


async def _all_of(feed: EventFeed, job_id: UUID) -> list[int]:
    return [seq async for seq, _ in feed.subscribe(job_id, 0)]


async def _rest_of(stream: AsyncIterator[tuple[int, AnyEvent]]) -> list[int]:
    return [seq async for seq, _ in stream]
