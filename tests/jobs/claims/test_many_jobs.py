"""What runners ask all the time stays cheap when very many jobs wait, or run."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import psycopg
from sqlalchemy import event

from cloud.db.engine import Database, libpq_url
from cloud.jobs.claims import queries as claims
from cloud.jobs.rescue import HUNG_S, SILENT_S
from scripts.bench.scale.queue_load import begin_all, fill_queue

JOBS = 20_000


async def test_a_claim_reads_little_of_a_long_queue_however_many_claim_at_once(database: Database) -> None:
    with psycopg.connect(libpq_url(database.url), autocommit=True) as connection:
        fill_queue(connection, JOBS)
        async with AsyncExitStack() as rivals:
            for _ in range(4):
                session = await rivals.enter_async_context(database.sessions())
                assert await claims.take_next(session)  # uncommitted: who comes next passes over it
            explain = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT procrastinate_fetch_job_v2(ARRAY['jobs'], NULL)"
            with connection.transaction(force_rollback=True):
                _plan(connection, explain.encode())  # this one reads the catalogue, too
            with connection.transaction(force_rollback=True):
                plan = _plan(connection, explain.encode())
            assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 150


async def test_runners_that_live_are_not_looked_up_among_the_locks(database: Database) -> None:
    with psycopg.connect(libpq_url(database.url), autocommit=True) as connection:
        fill_queue(connection, 200)
        begin_all(connection)
        asked: list[tuple[str, Any]] = []

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            asked.append((statement, parameters))

        event.listen(database.engine.sync_engine, "before_cursor_execute", note)
        async with database.sessions() as session:
            assert await claims.lost_attempts(session, SILENT_S, HUNG_S) == []
        statement, parameters = asked[-1]
        assert "pg_locks" in statement
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}".encode()
        assert _looks_at_locks(connection, explain, parameters) == 0
        connection.execute("UPDATE jobs SET heartbeat_at = now() - interval '1 hour' WHERE queue_id <= 3")
        assert _looks_at_locks(connection, explain, parameters) >= 1


def _plan(connection: psycopg.Connection, explain: bytes, parameters: Any = None) -> dict[str, Any]:
    row = connection.execute(explain, parameters).fetchone()
    assert row
    return row[0][0]["Plan"]


def _looks_at_locks(connection: psycopg.Connection, explain: bytes, parameters: Any) -> int:
    nodes = _nodes(_plan(connection, explain, parameters))
    return sum(int(node["Actual Loops"]) for node in nodes if node.get("Function Name") == "pg_lock_status")


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
