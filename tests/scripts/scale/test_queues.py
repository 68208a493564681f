"""The queue in memory gives the jobs in the order in which PostgreSQL does."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

from cloud.db.engine import Database
from cloud.settings import Settings
from scripts.bench.scale.queues import JobQueue, MemoryQueue, PostgresQueue, Taken
from scripts.bench.scale.virtual_time import run_virtual

STEPS = 150


async def course(queue: JobQueue, seed: int) -> AsyncIterator[UUID | None]:
    """What the queue hands out in a random course of sends, takes and ends, in which few users send many jobs."""
    chance = random.Random(seed)
    users = [UUID(int=(seed << 64) | number, version=4) for number in range(6)]
    running: list[Taken] = []
    for number in range(STEPS):
        what = chance.random()
        if what < 0.5:
            await queue.send(UUID(int=(seed << 80) | number, version=4), chance.choice(users))
        elif what < 0.8:
            taken = await queue.take()
            running += [taken] if taken else []
            yield taken.job_id if taken else None
        elif running:
            await queue.end(running.pop(chance.randrange(len(running))))


async def handed_out(queue: JobQueue, seed: int) -> list[UUID | None]:
    return [job_id async for job_id in course(queue, seed)]


def test_both_queues_hand_out_the_same_jobs_in_the_same_order(database_url: str, tmp_path: Path) -> None:
    async def in_postgres(seed: int) -> list[UUID | None]:
        database = Database.connect(database_url, pool_size=2)
        try:
            async with PostgresQueue(database, Settings(data_dir=tmp_path, database_url=database_url)) as queue:
                return await handed_out(queue, seed)
        finally:
            await database.aclose()

    real = run_virtual(in_postgres(7))
    copy = asyncio.run(handed_out(MemoryQueue(), 7))
    assert sum(job_id is not None for job_id in real) > 20
    assert None in real  # somebody had to wait for a job of their own
    assert copy == real
