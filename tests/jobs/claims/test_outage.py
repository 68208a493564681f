"""PostgreSQL is killed under the runners and comes back: no job is lost, and none begins again."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.agent.contract import Outcome
from cloud.db.embedded import EmbeddedPostgres
from cloud.db.engine import Database
from cloud.db.migrate import upgrade
from cloud.jobs.work import JobWork
from tests.jobs.claims.conftest import at_work, services_for
from tests.jobs.conftest import Account

pytestmark = pytest.mark.heavy


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path / "postgres") as server:
        upgrade(server.url)
        yield server


def kill_and_start_again(server: EmbeddedPostgres) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    server.start()


async def test_killed_database_costs_no_job_its_attempt(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def work(work: JobWork) -> Outcome:
        if work.job.prompt == "long":
            began.set()
            await go_on.wait()
        return Outcome("finished", summary="kept in memory")

    database = Database.connect(postgres.url)
    owner, other = await Account.create(database), await Account.create(database)
    services = services_for(database, tmp_path)
    async with at_work(services, work), at_work(services, work):
        long, next_one = await owner.post("long"), await owner.post("short")
        await asyncio.wait_for(began.wait(), 30)
        for _ in range(3):
            kill_and_start_again(postgres)
            ended = await other.ended(await other.post("short"))  # the runners take jobs again
            assert ended.state == "succeeded"
        await asyncio.sleep(6)  # rescue would have come by now
        go_on.set()
        job = await owner.ended(long)
        assert (job.state, job.attempt) == ("succeeded", 1)
        assert job.result is not None
        assert job.result["summary"] == "kept in memory"
        assert (await owner.ended(next_one)).state == "succeeded"
    await database.aclose()


async def test_job_that_ends_while_the_database_is_away_has_ended_when_it_is_back(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def work(work: JobWork) -> Outcome:
        began.set()
        await go_on.wait()
        return Outcome("finished")

    database = Database.connect(postgres.url)
    owner = await Account.create(database)
    async with at_work(services_for(database, tmp_path), work):
        job_id = await owner.post()
        await asyncio.wait_for(began.wait(), 30)
        assert postgres.pid is not None
        os.kill(postgres.pid, signal.SIGKILL)
        postgres.stop()
        go_on.set()
        await asyncio.sleep(1)  # the runner tries, and there is nothing
        postgres.start()
        job = await owner.ended(job_id)
    assert (job.state, job.attempt) == ("succeeded", 1)
    assert [event.type for event in await owner.events(job_id)].count("job.finished") == 1
    await database.aclose()
