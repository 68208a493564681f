"""The feed of events: what there is, then what comes, through broken connections, for fast clients and slow ones."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Integer, Uuid, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from cloud.db.engine import Database, libpq_url
from cloud.db.models import Project
from cloud.jobs import queries
from cloud.jobs.events import AgentText, JobEvent, SceneMoved
from cloud.jobs.feed import EventFeed, Topic
from cloud.jobs.feed import feed as feed_module
from cloud.jobs.feed.queries import NEWS
from cloud.jobs.feed.wire import HEARTBEAT
from tests.jobs.conftest import Account
from tests.jobs.sse import Sent, parse


@pytest.fixture
async def feed(database_url: str) -> AsyncIterator[EventFeed]:
    opened = EventFeed(database_url)
    await opened.start()
    yield opened
    await opened.aclose()


@pytest.fixture
async def owner(database: Database) -> Account:
    return await Account.create(database)


async def emit(owner: Account, job_id: UUID, *events: JobEvent) -> None:
    async with owner.database.sessions() as session, session.begin():
        writer = await queries.open_writer(session, job_id)
        for event in events:
            writer.emit(event)


async def say(owner: Account, job_id: UUID, *words: str) -> None:
    await emit(owner, job_id, *(AgentText(text=one) for one in words))


async def say_in_pieces(owner: Account, job_id: UUID, *pieces: str) -> None:
    """As a runner does while the model speaks."""
    async with owner.database.sessions() as session, session.begin():
        for piece in pieces:
            told = {"job": str(job_id), "project": str(owner.project_id), "kind": "text", "text": piece}
            await session.execute(select(func.pg_notify("p2m_deltas", json.dumps(told))))


async def finish(owner: Account, job_id: UUID) -> None:
    async with owner.database.sessions() as session, session.begin():
        (await queries.open_writer(session, job_id)).finish("succeeded", "finished")


class Client:
    """Follows a topic; a client of the feed as the API is one."""

    def __init__(self, feed: EventFeed, topic: Topic, after: int = 0) -> None:
        self.stream: AsyncGenerator[bytes] = feed.follow(topic, after)
        self.got: list[Sent] = []

    async def until(self, number: int) -> list[Sent]:
        """All that came, once there are so many."""
        async with asyncio.timeout(10):
            while len(self.got) < number:
                self.got += parse(await anext(self.stream))
        return self.got

    async def to_the_end(self) -> list[Sent]:
        async with asyncio.timeout(20):
            async for piece in self.stream:
                self.got += parse(piece)
        return self.got


def job(job_id: UUID) -> Topic:
    return Topic("job", job_id)


def numbers(events: list[Sent]) -> list[int | None]:
    return [event.number for event in events]


async def test_events_come_from_the_start_and_end_with_the_job(feed: EventFeed, owner: Account) -> None:
    job_id = await owner.post()
    await say(owner, job_id, "héllo\n\r\u2028 data: x")
    await finish(owner, job_id)
    seen = await Client(feed, job(job_id)).to_the_end()
    assert [(one.number, one.type) for one in seen] == [(1, "job.queued"), (2, "text"), (3, "job.finished")]
    assert seen[1].data == {"type": "text", "text": "héllo\n\r\u2028 data: x"}


async def test_new_event_arrives_without_waiting_for_the_next_look(feed: EventFeed, owner: Account) -> None:
    job_id = await owner.post()
    client = Client(feed, job(job_id))
    await client.until(1)
    waiting = asyncio.create_task(client.until(2))
    await asyncio.wait({waiting}, timeout=0.3)  # it is waiting for news now
    began = asyncio.get_running_loop().time()
    await say(owner, job_id, "news")
    assert numbers(await waiting) == [1, 2]
    assert asyncio.get_running_loop().time() - began < feed_module.RECHECK_S / 2
    await client.stream.aclose()


async def test_resumed_stream_has_no_gap_and_no_repeat(feed: EventFeed, owner: Account) -> None:
    job_id = await owner.post()
    for number in range(5):
        await say(owner, job_id, str(number))
    await finish(owner, job_id)
    assert numbers(await Client(feed, job(job_id), 4).to_the_end()) == [5, 6, 7]
    assert await Client(feed, job(job_id), 7).to_the_end() == []


async def test_clients_that_join_while_events_come_miss_none_and_get_none_twice(
    feed: EventFeed, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "PAGE", 3)
    job_id = await owner.post()

    async def write() -> None:
        for number in range(60):
            await say(owner, job_id, str(number))
        await finish(owner, job_id)

    async def join(turn: int) -> list[int | None]:
        await asyncio.wait({writing}, timeout=turn * 0.02)
        return numbers(await Client(feed, job(job_id), turn % 2).to_the_end())

    writing = asyncio.create_task(write())
    seen = await asyncio.gather(*(join(turn) for turn in range(10)))
    assert seen == [list(range(1 + turn % 2, 63)) for turn in range(10)]
    assert feed.followers == 0


async def test_client_gets_what_came_between_its_reading_and_its_joining(feed: EventFeed, owner: Account) -> None:
    job_id = await owner.post()
    early, late = Client(feed, job(job_id)), Client(feed, job(job_id))
    await late.until(1)  # it has read all there is, and follows nothing yet
    following = asyncio.create_task(early.until(2))
    await asyncio.wait({following}, timeout=0.3)
    await say(owner, job_id, "between")
    await following
    await say(owner, job_id, "live")
    assert numbers(await late.until(3)) == [1, 2, 3]
    for client in (early, late):
        await client.stream.aclose()


async def test_feed_outlives_a_broken_connection(feed: EventFeed, owner: Account, database_url: str) -> None:
    job_id = await owner.post()
    client = Client(feed, job(job_id))
    await client.until(1)
    waiting = asyncio.create_task(client.until(2))
    await asyncio.wait({waiting}, timeout=0.2)
    with psycopg.connect(libpq_url(database_url), autocommit=True) as connection:
        ended = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    assert ended is not None
    assert ended[0] >= 2  # the one that listens and the one that reads
    await owner.database.engine.dispose()
    await say(owner, job_id, "after the break")
    assert numbers(await waiting) == [1, 2]
    await client.stream.aclose()


async def test_closed_feed_ends_its_streams(database_url: str, owner: Account) -> None:
    job_id = await owner.post()
    feed = EventFeed(database_url)
    await feed.start()
    client = Client(feed, job(job_id))
    await client.until(1)
    rest = asyncio.create_task(client.to_the_end())
    await asyncio.wait({rest}, timeout=0.2)
    await feed.aclose()
    assert numbers(await asyncio.wait_for(rest, 3)) == [1]


async def test_project_stream_has_all_its_jobs_and_its_own_events_in_order(feed: EventFeed, owner: Account) -> None:
    client = Client(feed, Topic("project", owner.project_id))
    first = await owner.post()
    await client.until(1)
    second = await owner.post()
    await finish(owner, first)
    async with owner.database.sessions() as session, session.begin():
        writer = await queries.open_project_writer(session, owner.project_id)
        writer.emit(SceneMoved(reason="undo", snapshot_id=None, thumbnail_id=None))
    seen = await client.until(4)
    assert [(one.number, one.type, one.data["job_id"]) for one in seen] == [
        (1, "job.queued", str(first)),
        (2, "job.queued", str(second)),
        (3, "job.finished", str(first)),
        (4, "scene.moved", None),
    ]
    await client.stream.aclose()


async def test_project_stream_ends_when_the_project_is_deleted(feed: EventFeed, owner: Account) -> None:
    client = Client(feed, Topic("project", owner.project_id))
    await owner.post()
    await client.until(1)
    ending = asyncio.create_task(client.to_the_end())
    await asyncio.wait({ending}, timeout=0.2)
    async with owner.database.sessions() as session, session.begin():
        await session.execute(update(Project).where(Project.id == owner.project_id).values(deleted_at=func.now()))
        await session.execute(select(func.pg_notify("p2m_events", f"{owner.project_id}:")))
    assert numbers(await asyncio.wait_for(ending, feed_module.RECHECK_S - 1)) == [1]


async def test_pieces_of_text_go_to_both_streams_and_have_no_number(feed: EventFeed, owner: Account) -> None:
    job_id = await owner.post()
    of_job, of_project = Client(feed, job(job_id)), Client(feed, Topic("project", owner.project_id))
    for client in (of_job, of_project):
        await client.until(1)
    waiting = [asyncio.create_task(client.until(4)) for client in (of_job, of_project)]
    await asyncio.wait(waiting, timeout=0.3)
    await say_in_pieces(owner, job_id, "I bu", "ïld")
    await say(owner, job_id, "I buïld")
    seen = [await one for one in waiting]
    assert [(one.number, one.type, one.data.get("text")) for one in seen[0]] == [
        (1, "job.queued", None),
        (None, "text.delta", "I bu"),
        (None, "text.delta", "ïld"),
        (2, "text", "I buïld"),
    ]
    assert seen[1][1].data == {"type": "text.delta", "kind": "text", "text": "I bu", "job_id": str(job_id)}
    for client in (of_job, of_project):
        await client.stream.aclose()


async def test_malformed_notifications_change_nothing(feed: EventFeed, owner: Account) -> None:
    job_id = await owner.post()
    client = Client(feed, job(job_id))
    await client.until(1)
    async with owner.database.sessions() as session, session.begin():
        for channel, payload in (("p2m_events", "x"), ("p2m_deltas", "{"), ("p2m_deltas", "[]"), ("p2m_deltas", "{}")):
            await session.execute(select(func.pg_notify(channel, payload)))
    await finish(owner, job_id)
    assert numbers(await client.to_the_end()) == [1, 2]


async def test_client_that_takes_nothing_is_dropped_and_finds_everything_when_it_comes_back(
    feed: EventFeed, owner: Account
) -> None:
    job_id = await owner.post()
    quick, slow = Client(feed, job(job_id)), Client(feed, job(job_id))
    for client in (quick, slow):
        await client.until(1)
    following = asyncio.create_task(slow.until(2))
    await asyncio.wait({following}, timeout=0.2)  # it follows now; after the next piece it takes no more
    reading = asyncio.create_task(quick.to_the_end())
    for number in range(8):
        await say(owner, job_id, *(f"{number}.{each}" for each in range(50)))
    await finish(owner, job_id)
    everything = list(range(1, 403))
    assert numbers(await reading) == everything
    await following
    got = numbers(await slow.to_the_end())
    assert got == everything[: len(got)]
    assert len(got) < 300
    again = numbers(await Client(feed, job(job_id), len(got)).to_the_end())
    assert got + again == everything


async def test_replay_of_a_long_job_needs_no_queue(
    feed: EventFeed, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[int] = []
    page_of = EventFeed._page

    async def counted(self: EventFeed, topic: Topic, after: int):  # noqa: ANN202 - as the original
        rows = await page_of(self, topic, after)
        pages.append(len(rows or ()))
        return rows

    monkeypatch.setattr(EventFeed, "_page", counted)
    job_id = await owner.post()
    await say(owner, job_id, *("x" * 2000 for _ in range(1500)))
    await finish(owner, job_id)
    async with aclosing(feed.follow(job(job_id), 0)) as stream:
        pieces = [piece async for piece in stream]
    assert numbers(parse(b"".join(pieces))) == list(range(1, 1503))
    assert max(pages) <= 200
    assert max(len(piece) for piece in pieces) < 100_000


async def test_silence_is_filled_with_heartbeats(
    feed: EventFeed, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "HEARTBEAT_S", 0.01)
    job_id = await owner.post()
    async with aclosing(feed.follow(job(job_id), 1)) as stream:
        assert [await anext(stream) for _ in range(3)] == [HEARTBEAT] * 3


async def test_next_event_costs_the_same_after_many(database: Database) -> None:
    """Pages of the database that reads and the writer's counting touch, with 30 events and with 30,000."""
    asked = [bindparam("ids", type_=ARRAY(Uuid())), bindparam("positions", type_=ARRAY(Integer()))]
    explain = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
    statements = {
        "news of a job": text(explain + NEWS["job"].text).bindparams(*asked),
        "news of a project": text(explain + NEWS["project"].text).bindparams(*asked),
        "the job's last number": text(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT max(seq) FROM events WHERE job_id = :job"
        ),
        "the project's last number": text(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT max(project_seq) FROM events WHERE project_id = :project"
        ),
    }
    touched: dict[str, list[int]] = {name: [] for name in statements}
    others = [await Account.create(database) for _ in range(2)]
    made = [(other, await other.post(), past) for other, past in zip(others, (30, 30_000), strict=True)]
    async with database.sessions() as session:  # rolled back
        for other, job_id, past in made:
            await session.execute(text("ALTER TABLE events DISABLE TRIGGER USER"))
            await session.execute(
                text(
                    "INSERT INTO events (project_id, project_seq, job_id, seq, type, data) SELECT :project, n, :job, n,"
                    " 'text', '{\"text\": \"x\"}' FROM generate_series(2, :past) AS n"
                ),
                {"project": other.project_id, "job": job_id, "past": past},
            )
            await session.execute(text("ALTER TABLE events ENABLE TRIGGER USER"))
            facts = {"job": job_id, "project": other.project_id, "positions": [past - 1], "page": 200}
            for name, statement in statements.items():
                facts["ids"] = [job_id if "job" in name else other.project_id]
                plan = await session.scalar(statement, facts)
                touched[name].append(plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"])
    for name, (few, many) in touched.items():
        assert many <= few + 8, (name, few, many)
