"""Measures live events under load: `events.py [--clients C] [--seconds S] [--users M] [--jobs J] [--json]`.

Real parts: embedded PostgreSQL, the API's process, a runner's process with a real Blender for each user, and a paced
stand-in of Claude's API. J jobs of M users, one of each user at a time, step through the whole run; C clients in a
process of their own follow them, half by project, half by job. The S seconds begin when all jobs run.

Latency: from the begin of the transaction that writes the event (`created_at`) to when the client's process has it;
so it holds the commit, the notification, the API's read, the way over the socket and the client's own waiting.
Enqueue to start: from a job's creation to its start, in the database; jobs of one more user, while the load runs.
Cost: from the begin of the writing transaction to the client, behind 1,000 and 1,000,000 past events of the same job,
with the runner stopped. The table, or one JSON object with `--json`, is on stdout, progress on stderr.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.bench.event_cost import measure_cost
from scripts.bench.event_load import Load, measure_load
from scripts.bench.paced_messages import paced_messages
from scripts.bench.stack_under_load import running_stack

MEANINGS = {
    "latency_ms_p99": "event's transaction to client; goal < 250",
    "enqueue_to_start_ms_p50": "job's creation to its start, under load; goal < 100",
    "memory_growth_mib": "of the API's process over the run; goal: none",
    "cost_1k_vs_1m": "an event's way behind 1,000,000 past events to that behind 1,000; goal: 1",
    "dropped_clients": "streams that ended before their job; each came back",
    "missing_events": "numbers that a client never got; goal 0",
    "repeated_events": "numbers that a client got twice; goal 0",
}


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=200, help="event streams [200]")
    parser.add_argument("--seconds", type=float, default=60, help="length of the load [60]")
    parser.add_argument("--users", type=int, default=4, help="users with a running job each [4]")
    parser.add_argument("--jobs", type=int, help="jobs in all [one of each user a minute]")
    parser.add_argument("--pace", type=float, default=1.0, help="seconds that the model speaks in each turn [1]")
    parser.add_argument("--past-events", type=int, default=1_000_000, help="of the long past; 0: measure no cost")
    parser.add_argument("--rounds", type=int, default=200, help="events timed behind each past [200]")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    arguments = parser.parse_args()
    if min(arguments.clients, arguments.users, arguments.rounds) < 1 or arguments.seconds < 3:
        parser.error("at least one client, user and round, and 3 seconds, are needed")
    jobs = arguments.jobs or arguments.users * max(1, round(arguments.seconds / 60))
    if jobs < arguments.users:
        parser.error("--jobs: fewer than users; each user needs a job")
    load = Load(arguments.clients, arguments.seconds, arguments.users, jobs)
    results = asyncio.run(_measure(load, arguments))
    if arguments.json:
        print(json.dumps(results))
    else:
        _print_table(results)


async def _measure(load: Load, arguments: argparse.Namespace) -> dict[str, Any]:
    results: dict[str, Any] = {"clients": load.clients, "users": load.users, "jobs": load.jobs}
    with tempfile.TemporaryDirectory(prefix="p2m-bench-") as folder:
        async with paced_messages(arguments.pace) as model:
            # One more at a time than the load needs: the probes of the queue.
            with running_stack(Path(folder), messages_url=model.base_url, jobs_at_once=load.users + 1) as stack:
                _tell(f"{load.jobs} jobs of {load.users} users, {load.clients} clients, {load.seconds:.0f} s …")
                results |= await measure_load(stack, model, load)
                # In a thread: the model that the jobs wait for lives in this one.
                await asyncio.to_thread(stack.stop_runner)
                if arguments.past_events:
                    _tell(f"cost behind {arguments.past_events:,} events …")
                    results |= await measure_cost(stack, 1_000, arguments.past_events, arguments.rounds)
    return results


def _tell(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)


def _print_table(results: dict[str, Any]) -> None:
    table = Table("figure", "value", "what it is", title="Events under load")
    for key, value in results.items():
        table.add_row(key, f"{value:.3g}" if isinstance(value, float) else str(value), MEANINGS.get(key, ""))
    Console().print(table)


if __name__ == "__main__":
    main()
