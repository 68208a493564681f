"""Hours pass in no time, in the right order, and the clock waits for a database and for threads."""

import asyncio
import time

import pytest
from sqlalchemy import text

from cloud.db.engine import Database
from scripts.bench.scale.virtual_time import NothingLeftToWaitFor, VirtualClock, run_virtual


def test_a_day_passes_in_no_time_and_timers_fire_in_their_order() -> None:
    order = []

    async def wake(after_s: float) -> None:
        await asyncio.sleep(after_s)
        order.append((after_s, asyncio.get_running_loop().time()))

    async def day() -> float:
        clock = VirtualClock()
        began = clock()
        await asyncio.gather(wake(86_400), wake(0.5), wake(3_600))
        return (clock() - began).total_seconds()

    began = time.monotonic()
    assert run_virtual(day()) == pytest.approx(86_400)
    assert time.monotonic() - began < 5
    assert [each[0] for each in order] == [0.5, 3_600, 86_400]
    assert [each[1] for each in order] == pytest.approx([0.5, 3_600, 86_400])


def test_a_limit_of_time_holds_in_virtual_time() -> None:
    async def too_long() -> None:
        async with asyncio.timeout(60):
            await asyncio.sleep(3_600)

    with pytest.raises(TimeoutError):
        run_virtual(too_long())


def test_the_clock_stands_still_while_a_thread_works() -> None:
    async def meanwhile() -> float:
        asleep = asyncio.create_task(asyncio.sleep(1_000))
        await asyncio.to_thread(time.sleep, 0.05)
        now_s = asyncio.get_running_loop().time()
        asleep.cancel()
        return now_s

    assert run_virtual(meanwhile()) == 0


def test_the_clock_stands_still_while_the_database_answers(database_url: str) -> None:
    async def meanwhile() -> tuple[float, float]:
        database = Database.connect(database_url, pool_size=2)
        asleep = asyncio.create_task(asyncio.sleep(1_000))
        async with database.sessions() as session:
            await session.execute(text("SELECT pg_sleep(0.2)"))
        before_s = asyncio.get_running_loop().time()
        await asleep
        await database.aclose()
        return before_s, asyncio.get_running_loop().time()

    before_s, after_s = run_virtual(meanwhile())
    assert before_s < 1  # psycopg wakes now and then to look for Ctrl-C
    assert after_s == pytest.approx(1_000)


def test_tasks_that_wait_for_each_other_are_told_of() -> None:
    async def stuck() -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingLeftToWaitFor):
        run_virtual(stuck())
