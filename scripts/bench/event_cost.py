"""What one event costs, from its writer's lock to a client, behind a short past and a long one."""

import asyncio
import statistics
import time
from typing import Any
from uuid import UUID

from cloud.db.engine import Database
from cloud.jobs import queries
from cloud.jobs.events import AgentText
from scripts.bench.stack_under_load import Member, StackUnderLoad
from ui.api_client import EventStream

_DELIVERY_LIMIT_S = 30
_WARM_UP = 10


async def measure_cost(stack: StackUnderLoad, short: int, long: int, rounds: int) -> dict[str, Any]:
    """Medians over `rounds` events of each of two projects with so many past events, taken in turns."""
    database = Database.connect(stack.database_url, pool_size=2)
    try:
        followed = [await _Followed.prepare(stack, past) for past in (short, long)]
        taken: list[list[float]] = [[], []]
        for _ in range(rounds + _WARM_UP):
            for each, times in zip(followed, taken, strict=True):
                times.append(await each.seconds_of_one(database))
        for each in followed:
            each.stream.close()
    finally:
        await database.aclose()
    few, many = (1000 * statistics.median(times[_WARM_UP:]) for times in taken)
    return {
        "past_events": [short, long],
        "event_ms_after_1k": few,
        "event_ms_after_1m": many,
        "cost_1k_vs_1m": many / few,
    }


class _Followed:
    """A job with a past, and a client that follows its project through the API."""

    def __init__(self, job_id: UUID, stream: EventStream) -> None:
        self.job_id = job_id
        self.stream = stream
        self._events = iter(stream)

    @classmethod
    async def prepare(cls, stack: StackUnderLoad, past: int) -> "_Followed":
        member = await asyncio.to_thread(stack.add_member, f"behind {past} events")
        made = await asyncio.to_thread(member.client.create_job, member.project_id, "Nothing at all")
        job_id = UUID(made["id"])
        await asyncio.to_thread(_give_past, stack, member, job_id, past)
        return cls(job_id, member.client.events(made["id"], past))

    async def seconds_of_one(self, database: Database) -> float:
        """From the start of the transaction that writes it to its arrival."""
        waiting = asyncio.create_task(asyncio.to_thread(next, self._events))
        await asyncio.sleep(0.01)  # the client waits, the parts are at rest
        began = time.perf_counter()
        async with database.sessions() as session, session.begin():
            (await queries.open_writer(session, self.job_id)).emit(AgentText(text="news"))
        async with asyncio.timeout(_DELIVERY_LIMIT_S):
            await waiting
        return time.perf_counter() - began


def _give_past(stack: StackUnderLoad, member: Member, job_id: UUID, past: int) -> None:
    """Event 1, `job.queued`, is there; nobody is told of the rest."""
    with stack.database as database:
        database.execute("ALTER TABLE events DISABLE TRIGGER USER")
        database.execute(
            "INSERT INTO events (project_id, project_seq, job_id, seq, type, data)"
            " SELECT %s, n, %s, n, 'text', jsonb_build_object('type', 'text', 'text', 'step ' || n)"
            " FROM generate_series(2, %s) AS n",
            [member.project_id, job_id, past],
        )
        database.execute("ALTER TABLE events ENABLE TRIGGER USER")
