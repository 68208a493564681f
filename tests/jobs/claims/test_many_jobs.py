"""What runners ask all the time stays cheap when very many jobs wait, or run."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
from sqlalchemy import event

from cloud.db.engine import Database, libpq_url
from cloud.jobs.claims import queries as claims
from cloud.jobs.rescue import HUNG_S, SILENT_S
from scripts.bench.scale.queue_load import begin_all, fill_queue

JOBS = 3_000


async def test_a_claim_reads_few_rows_of_a_long_queue(database: Database) -> None:
    with psycopg.connect(libpq_url(database.url), autocommit=True) as connection:
        fill_queue(connection, JOBS)
        rows_before = _rows_read(connection)
        async with database.sessions() as session, session.begin():
            assert await claims.take_next(session)
            other = database.sessions()
            async with other, other.begin():
                assert await claims.take_next(other)  # it passes over the first, which is locked
                await claims_flushed(other)
            await claims_flushed(session)
        await database.engine.dispose()
        assert _rows_read(connection) - rows_before < JOBS / 10


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


async def claims_flushed(session: Any) -> None:
    """The server's counts of rows are up to date."""
    await session.execute(claims.text("SELECT pg_stat_force_next_flush()"))


def _rows_read(connection: psycopg.Connection) -> int:
    connection.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
    row = connection.execute(
        "SELECT seq_tup_read + coalesce((SELECT sum(idx_tup_read) FROM pg_stat_user_indexes AS i"
        " WHERE i.relid = t.relid), 0) FROM pg_stat_user_tables AS t WHERE relname = 'procrastinate_jobs'"
    ).fetchone()
    assert row
    return int(row[0])


def _looks_at_locks(connection: psycopg.Connection, explain: bytes, parameters: Any) -> int:
    row = connection.execute(explain, parameters).fetchone()
    assert row
    plan = row[0] if isinstance(row[0], list) else json.loads(row[0])
    return sum(
        int(node["Actual Loops"]) for node in _nodes(plan[0]["Plan"]) if node.get("Function Name") == "pg_lock_status"
    )


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
