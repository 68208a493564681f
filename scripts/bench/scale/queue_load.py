"""How fast runners claim from a long queue, and what watching over many running jobs costs: `queue_load.py [--json]`.

The real queue on the embedded PostgreSQL. `claim`: R runners at once take jobs with `claim_next` out of N that wait,
each of another user, and end them. Given are claims a second, milliseconds of one claim, and the server's processor
time for a claim with its end. `watch`: with N jobs running, each held by its advisory lock, what the statements cost
that every runner sends all the time: the search for lost attempts (twice a second), the heartbeat of its own jobs
(once a second), and the look for jobs that wait (once a second).
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from cloud.db.embedded import EmbeddedPostgres
from cloud.db.engine import Database, Transaction, libpq_url
from cloud.db.migrate import upgrade
from cloud.db.models import Job
from cloud.jobs.claims import queries as claims
from cloud.jobs.claims.claims import Claim, claim_next, end_job
from cloud.jobs.claims.lease import RunLease
from cloud.jobs.payers.choice import ModelChoice
from cloud.jobs.queries import open_writer
from cloud.jobs.rescue import HUNG_S, SILENT_S
from scripts.bench.stack_under_load import cpu_seconds

_USERS = """
INSERT INTO users (id, username) SELECT md5('user' || n)::uuid, 'user ' || n FROM generate_series(1, %(jobs)s) AS n
ON CONFLICT DO NOTHING"""
_PROJECTS = """
INSERT INTO projects (id, user_id, name) SELECT md5('project' || n)::uuid, md5('user' || n)::uuid, 'Bench'
FROM generate_series(1, %(jobs)s) AS n ON CONFLICT DO NOTHING"""
_JOBS = """
INSERT INTO jobs (id, user_id, project_id, kind, prompt, request, state, attempt, turn, queue_id)
SELECT md5('job' || n)::uuid, md5('user' || n)::uuid, md5('project' || n)::uuid, 'build', 'a chair', '{}', 'queued', 0,
1 + n / 100, n FROM generate_series(1, %(jobs)s) AS n"""
_ENTRIES = """
INSERT INTO procrastinate_jobs (id, queue_name, task_name, priority, lock, args, status)
SELECT n, 'jobs', 'run_job', -2 * (1 + n / 100), 'user:' || md5('user' || n)::uuid,
jsonb_build_object('job_id', md5('job' || n)::uuid), 'todo' FROM generate_series(1, %(jobs)s) AS n"""
_RUN = """
WITH begun AS (UPDATE jobs SET state = 'running', attempt = 1, started_at = now(), heartbeat_at = now() RETURNING id)
SELECT count(*) FROM begun"""
_HOLD = f"SELECT count(pg_advisory_lock({claims.LEASE_KEY.format(job_id='id', attempt='attempt')})) FROM jobs"  # noqa: S608 - ours


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queued", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="jobs that wait")
    parser.add_argument("--runners", type=int, nargs="+", default=[1, 4, 16], help="that claim at once")
    parser.add_argument("--running", type=int, nargs="+", default=[10, 100, 1_000, 4_000], help="jobs that run")
    parser.add_argument("--claims", type=int, default=160, help="claims measured of each queue [160]")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    arguments = parser.parse_args()
    if min(*arguments.queued, *arguments.runners, *arguments.running, arguments.claims) < 1:
        parser.error("all numbers must be 1 or more")
    with tempfile.TemporaryDirectory(prefix="p2m-queue-load-") as folder, EmbeddedPostgres(Path(folder)) as server:
        upgrade(server.url)
        assert server.pid
        bench = QueueBench(server.url, psutil.Process(server.pid))
        figures = {
            "claim": [
                asyncio.run(bench.claim_load(queued, runners, min(arguments.claims, queued)))
                for queued in arguments.queued
                for runners in arguments.runners
            ],
            "watch": [asyncio.run(bench.watch_cost(running)) for running in arguments.running],
        }
    if arguments.json:
        print(json.dumps(figures))
        return
    for row in (*figures["claim"], *figures["watch"]):
        print("  ".join(f"{name} {figure:.3g}" for name, figure in row.items()))


class QueueBench:
    """The measurements on one server, each on a queue that is filled anew."""

    def __init__(self, url: str, server: psutil.Process) -> None:
        self._url = url
        self._server = server

    async def claim_load(self, queued: int, runners: int, wanted: int) -> dict[str, float]:
        """`runners` at once take `wanted` of `queued` jobs, and end them."""
        self._fill(queued)
        database = Database.connect(self._url, pool_size=runners)
        leases = [RunLease(self._url) for _ in range(runners)]
        took_ms: list[float] = []
        left = iter(range(wanted))

        async def run(lease: RunLease) -> None:
            for _ in left:
                began = time.perf_counter()
                claim = await claim_next(database, lease, _no_model)
                took_ms.append(1000 * (time.perf_counter() - began))
                if isinstance(claim, Claim):
                    await _end(database, claim.job)
                    await lease.let_go(claim.job.id, claim.job.attempt)

        await asyncio.gather(*(lease.renew() for lease in leases))
        cpu_s, began = cpu_seconds(self._server), time.perf_counter()
        await asyncio.gather(*(run(lease) for lease in leases))
        seconds, cpu_s = time.perf_counter() - began, cpu_seconds(self._server) - cpu_s
        for lease in leases:
            await lease.aclose()
        await database.aclose()
        return {
            "queued": queued,
            "runners": runners,
            "claims_per_s": wanted / seconds,
            "claim_ms_p50": statistics.median(took_ms),
            "claim_ms_max": max(took_ms),
            "postgres_cpu_ms_per_job": 1000 * cpu_s / wanted,
        }

    async def watch_cost(self, running: int) -> dict[str, float]:
        """What one runner's standing statements take while so many jobs run, in milliseconds: the quickest of nine."""
        self._fill(running)
        with psycopg.connect(libpq_url(self._url), autocommit=True) as holder:
            begin_all(holder)
            database = Database.connect(self._url, pool_size=1)
            own = {UUID(row[0]): 1 for row in holder.execute("SELECT id::text FROM jobs LIMIT 8").fetchall()}

            async def waiting(session: Transaction) -> None:
                await claims.take_next(session)

            figures = {
                "running": float(running),
                "lost_ms": await _timed(database, lambda session: claims.lost_attempts(session, SILENT_S, HUNG_S)),
                "beat_ms": await _timed(database, lambda session: claims.beat(session, own)),
                "take_ms": await _timed(database, waiting),
                "unheard_ms": await _timed(database, lambda session: claims.jobs_without_room(session, 1.0, 20)),
            }
            await database.aclose()
        return figures

    def _fill(self, jobs: int) -> None:
        with psycopg.connect(libpq_url(self._url), autocommit=True) as connection:
            fill_queue(connection, jobs)


def fill_queue(connection: psycopg.Connection, jobs: int) -> None:
    """So many jobs wait, each of another user, and nothing else does: all jobs that there were are gone."""
    connection.execute("TRUNCATE jobs, procrastinate_jobs, events CASCADE")
    for statement in (_USERS, _PROJECTS, _JOBS, _ENTRIES):
        connection.execute(statement.encode(), {"jobs": jobs})
    for table in ("users", "projects", "jobs", "procrastinate_jobs"):
        connection.execute(f"VACUUM ANALYZE {table}".encode())


def begin_all(connection: psycopg.Connection) -> None:
    """All jobs run, each held by a lease on this connection."""
    connection.execute(_RUN.encode())
    connection.execute(_HOLD.encode())


async def _timed(database: Database, ask: Callable[[Transaction], Awaitable[Any]]) -> float:
    took_ms = []
    for _ in range(9):
        async with database.sessions() as session, session.begin():
            began = time.perf_counter()
            await ask(session)
            took_ms.append(1000 * (time.perf_counter() - began))
            await session.rollback()
    return min(took_ms)  # what else the machine does only adds to it


async def _no_model(_session: Transaction, _job: Job) -> ModelChoice:
    return ModelChoice("none")


async def _end(database: Database, job: Job) -> None:
    async with database.sessions() as session, session.begin():
        await end_job(await open_writer(session, job.id, attempt=job.attempt), "succeeded", "finished", result={})


if __name__ == "__main__":
    main()
