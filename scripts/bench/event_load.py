"""A load of running jobs and following clients, and what it costs."""

import asyncio
import datetime as dt
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from scripts.bench.paced_messages import PacedMessages, prompt_of
from scripts.bench.sse_clients import Plan, encoded
from scripts.bench.stack_under_load import Member, StackUnderLoad, cpu_seconds

_ROOT = Path(__file__).resolve().parents[2]
_START_LIMIT_S = 300.0
_SETTLE_S = 3.0
_PROBE_EVERY_S = 2.0


@dataclass(frozen=True)
class Load:
    """How much of it: `jobs` in all, of `users`, one of each at a time, for `seconds` once all run."""

    clients: int
    seconds: float
    users: int
    jobs: int


async def measure_load(stack: StackUnderLoad, model: PacedMessages, load: Load) -> dict[str, Any]:
    """Run the load. Returns: the figures."""
    members = [await asyncio.to_thread(stack.add_member, f"member {number}") for number in range(load.users)]
    prober = await asyncio.to_thread(stack.add_member, "prober")
    lanes: list[list[str]] = [[] for _ in members]
    for number in range(load.jobs):
        lane = number % load.users
        prompt = prompt_of(lane, len(lanes[lane]))
        job = await asyncio.to_thread(members[lane].client.create_job, members[lane].project_id, prompt)
        lanes[lane].append(job["id"])
    await _until_all_run(stack, [lane[0] for lane in lanes if lane])
    async with _clients(stack, members, lanes, load) as got:
        await asyncio.to_thread(_probe_once, prober)  # its pod starts
        await asyncio.sleep(_SETTLE_S)
        before = _costs(stack)
        began_wall, began = time.time(), time.monotonic()
        for lane, jobs in enumerate(lanes):
            model.ends |= {(lane, part): began + load.seconds * (part + 1) / len(jobs) for part in range(len(jobs))}
        starts_ms = await _probe_until(prober, began + load.seconds)
        await asyncio.sleep(max(0.0, began + load.seconds - time.monotonic()))
        seconds, after = time.monotonic() - began, _costs(stack)
    if not starts_ms:
        raise RuntimeError("the run was too short for a single probe of the queue")
    return {
        "seconds": round(seconds, 1),
        **_deliveries(stack, got.file, began_wall, began_wall + seconds),
        "enqueue_to_start_ms_p50": statistics.median(starts_ms),
        "enqueue_to_start_ms_max": max(starts_ms),
        "enqueue_samples": len(starts_ms),
        **_differences(before, after, seconds),
    }


async def _until_all_run(stack: StackUnderLoad, job_ids: list[str]) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    query = "SELECT count(DISTINCT job_id) FROM events WHERE type = 'step.finished' AND job_id = ANY(%s::uuid[])"
    with stack.database as database:
        while (database.execute(query, [job_ids]).fetchone() or (0,))[0] < len(job_ids):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not all jobs ran within {_START_LIMIT_S:.0f} s; see {stack.folder}/runner.log")
            await asyncio.sleep(0.2)


@dataclass
class _Followed:
    file: Path
    failures: str = ""


@asynccontextmanager
async def _clients(
    stack: StackUnderLoad, members: list[Member], lanes: list[list[str]], load: Load
) -> AsyncIterator[_Followed]:
    """All clients, in a process of their own; half of them follow projects, half the jobs of one, in their order."""
    chosen = [number % len(members) for number in range(load.clients)]
    routes = [
        [f"projects/{members[lane].project_id}"]
        if (number // len(members)) % 2
        else [f"jobs/{job}" for job in lanes[lane]]
        for number, lane in enumerate(chosen)
    ]
    site, followed = urlsplit(stack.api_url), _Followed(stack.folder / "clients.npz")
    tokens = [members[lane].token for lane in chosen]
    plan = Plan(site.hostname or "", site.port or 0, tokens, routes, str(followed.file))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.bench.sse_clients"),
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdin
        assert process.stdout
        process.stdin.write(encoded(plan).encode())
        await process.stdout.readline()
        yield followed
        process.stdin.write(b"\n")
        async with asyncio.timeout(60):
            followed.failures = (await process.stdout.readline()).decode().strip()
            await process.wait()
        if followed.failures != "[]":
            raise RuntimeError(f"clients failed: {followed.failures}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _probe_once(prober: Member) -> float:
    """A job that ends with its first turn. Returns, once it has ended: milliseconds from its creation to its start."""
    made = prober.client.create_job(prober.project_id, "Nothing at all")
    for _ in prober.client.events(made["id"]):
        pass
    job = prober.client.get_job(made["id"])
    created, started = (dt.datetime.fromisoformat(moment) for moment in (job["created_at"], job["started_at"] or ""))
    return (started - created).total_seconds() * 1000


async def _probe_until(prober: Member, end: float) -> list[float]:
    taken = []
    while end - time.monotonic() > _PROBE_EVERY_S:
        await asyncio.sleep(_PROBE_EVERY_S)
        taken.append(await asyncio.to_thread(_probe_once, prober))
    return taken


@dataclass(frozen=True)
class _Costs:
    """What the parts have used up to a moment."""

    api_cpu_s: float
    postgres_cpu_s: float
    runner_cpu_s: float
    api_bytes: int
    transactions: int


def _costs(stack: StackUnderLoad) -> _Costs:
    with stack.database as database:
        done = database.execute("SELECT sum(xact_commit + xact_rollback)::bigint FROM pg_stat_database").fetchone()
    assert done
    return _Costs(
        api_cpu_s=cpu_seconds(stack.api),
        postgres_cpu_s=cpu_seconds(stack.postgres),
        runner_cpu_s=cpu_seconds(stack.runner),
        api_bytes=stack.api.memory_info().rss,
        transactions=done[0],
    )


def _differences(before: _Costs, after: _Costs, seconds: float) -> dict[str, Any]:
    return {
        "memory_growth_mib": (after.api_bytes - before.api_bytes) / 2**20,
        "memory_api_mib": after.api_bytes / 2**20,
        "api_cpu_percent": 100 * (after.api_cpu_s - before.api_cpu_s) / seconds,
        "postgres_cpu_percent": 100 * (after.postgres_cpu_s - before.postgres_cpu_s) / seconds,
        "runner_and_pods_cpu_percent": 100 * (after.runner_cpu_s - before.runner_cpu_s) / seconds,
        "database_transactions_per_second": (after.transactions - before.transactions) / seconds,
    }


def _deliveries(stack: StackUnderLoad, file: Path, began: float, ended: float) -> dict[str, Any]:
    """How late each event came that was written in the window and after its client had connected."""
    with np.load(file) as got, stack.database as database:
        rows = database.execute(
            "SELECT project_id, project_seq, job_id, seq, extract(epoch FROM created_at)::float8 FROM events"
        ).fetchall()
        written = {(f"projects/{project}", number): made for project, number, _, _, made in rows}
        written |= {(f"jobs/{job}", seq): made for _, _, job, seq, made in rows if job}
        names = [str(name) for name in got["names"]]
        keys = zip(got["got_topic"].tolist(), got["got_number"].tolist(), strict=True)
        made = np.array([written[names[topic], number] for topic, number in keys])
        live = (made > got["connected"]) & (made >= began) & (made < ended)
        late_ms = (got["came"] - made)[live] * 1000
        if not late_ms.size:
            raise RuntimeError("no event reached a client")
        in_window = sum(began <= row[4] < ended for row in rows)
        totals = {name: int(got[name].sum()) for name in ("deltas", "breaks", "gaps", "repeats")}
    return {
        **{f"latency_ms_p{part}": float(np.percentile(late_ms, part)) for part in (50, 90, 99)},
        "latency_ms_max": float(late_ms.max()),
        "events_written_per_second": in_window / (ended - began),
        "events_delivered_per_second": late_ms.size / (ended - began),
        "text_deltas_delivered": totals["deltas"],
        "dropped_clients": totals["breaks"],
        "missing_events": totals["gaps"],
        "repeated_events": totals["repeats"],
    }
