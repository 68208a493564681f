"""The feed while PostgreSQL is killed and comes back."""

import asyncio
from pathlib import Path

import psutil
import pytest

from cloud.db.embedded import EmbeddedPostgres
from cloud.db.engine import Database
from cloud.db.migrate import upgrade
from cloud.jobs import queries
from cloud.jobs.feed import EventFeed, Topic
from cloud.jobs.feed.wire import HEARTBEAT
from tests.jobs.conftest import Account
from tests.jobs.sse import parse


@pytest.mark.heavy
async def test_streams_outlive_a_killed_database_and_new_ones_wait_for_it(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "postgres") as server:
        await asyncio.to_thread(upgrade, server.url)
        database = Database.connect(server.url, pool_size=2)
        owner = await Account.create(database)
        job_id = await owner.post()
        feed = EventFeed(server.url)
        await feed.start()
        seen: list[int | None] = []

        async def follow(after: int) -> None:
            async for piece in feed.follow(Topic("job", job_id), after):
                seen.extend(event.number for event in parse(piece))

        before = asyncio.create_task(follow(0))
        await asyncio.wait({before}, timeout=0.5)
        assert server.pid is not None
        psutil.Process(server.pid).kill()
        server.stop()
        during = feed.follow(Topic("job", job_id), 1)
        async with asyncio.timeout(30):
            assert await anext(during) == HEARTBEAT  # a sign of life, though there is nothing to read
        server.start()
        await database.engine.dispose()
        async with database.sessions() as session, session.begin():
            (await queries.open_writer(session, job_id)).finish("succeeded", "finished")
        async with asyncio.timeout(30):
            await before
            late = [event.number for piece in [one async for one in during] for event in parse(piece)]
        assert seen == [1, 2]
        assert late == [2]
        await feed.aclose()
        await database.aclose()
