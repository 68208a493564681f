"""What one job costs the database and the artifact store: `job_cost.py [--prompts N] [--json]`.

Real parts: embedded PostgreSQL, the API, one runner, real Blender, the offline modeller, which speaks the same wire as
Claude but shorter: a job of Claude's has more steps, so the figures are also given per event and per step.
The prompts run twice: first nothing is logged (transactions, WAL, the server's processor time), then PostgreSQL logs
each statement, and they are counted. What an idle runner and an idle API do all the time is measured before, told on
its own (`idle_…`, a second) and taken away from the rest. A listener of the bench's own counts the notifications.
"""

import argparse
import json
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from cloud.db.engine import libpq_url
from scripts.bench.stack_under_load import Member, StackUnderLoad, cpu_seconds, running_stack

_PROMPTS = Path(__file__).resolve().parents[1] / "agent" / "prompts" / "basic.jsonl"
_CHANNELS = ("p2m_events", "p2m_deltas", "p2m_runners", "procrastinate_queue_v1#jobs")
_STATEMENT = re.compile(r"(?:statement|execute [^:]*): *(\w+)")
_TABLES = ("events", "messages", "steps", "usage", "snapshots", "artifacts", "jobs")


@dataclass
class Heard:
    """What came over the notification channels: how many, and their payloads' bytes."""

    counts: Counter[str] = field(default_factory=Counter)
    payload_bytes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Used:
    """What has been used up to a moment."""

    at: float
    transactions: int
    wal_bytes: int
    cpu_s: float


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=6, help="of the agent's basic prompts, each a job [6]")
    parser.add_argument("--idle", type=float, default=15.0, help="seconds for which the idle stack is watched [15]")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    arguments = parser.parse_args()
    if arguments.prompts < 1 or arguments.idle <= 0:
        parser.error("at least one prompt and some seconds are needed")
    with tempfile.TemporaryDirectory(prefix="p2m-job-cost-") as folder:
        figures = measure(Path(folder), arguments.prompts, arguments.idle)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:36} {figure:.4g}" if isinstance(figure, float) else f"{name:36} {figure}")


def measure(folder: Path, prompts: int, idle_s: float) -> dict[str, Any]:
    """The figures, per job unless the name says otherwise."""
    asked = [json.loads(line)["prompt"] for line in _PROMPTS.read_text().splitlines()[:prompts]]
    with running_stack(folder, messages_url="", jobs_at_once=1) as stack:
        member = stack.add_member("member")
        _run(member, "a small cube")  # the pod starts, and the first of everything is done
        _log_statements(stack, on=True)
        idle = _statements_in(stack, idle_s)
        _log_statements(stack, on=False)
        idle_used = _difference(stack, idle_s)
        stored = _stored(stack)
        with _listening(stack.database_url) as heard:
            before = _used(stack)
            for prompt in asked:
                _run(member, prompt)
            after = _used(stack)
        figures = _of_database(stack, before, after, idle_used, prompts)
        figures |= _of_artifacts(stored, _stored(stack), prompts) | _of_notifications(heard, prompts)
        _log_statements(stack, on=True)
        began = time.monotonic()
        counted = _statements_during(stack, lambda: [_run(member, prompt) for prompt in asked])
        took_s = time.monotonic() - began
    own = {verb: count - idle[verb] * took_s / idle_s for verb, count in counted.most_common()}
    figures["statements"] = sum(own.values()) / prompts
    figures["statements_by_verb"] = {verb: round(count / prompts, 1) for verb, count in own.items()}
    figures["idle_statements_per_s"] = sum(idle.values()) / idle_s
    figures |= {f"idle_{name}_per_s": value for name, value in idle_used.items()}
    return figures


def _run(member: Member, prompt: str) -> None:
    """Build the prompt in a project of its own, to the end. Raises: RuntimeError: the job did not succeed."""
    project = member.client.create_project("Bench")["id"]
    job = member.client.create_job(project, prompt)
    for _ in member.client.events(job["id"]):
        pass
    state = member.client.get_job(job["id"])["state"]
    if state != "succeeded":
        raise RuntimeError(f"the job for {prompt!r} ended as {state}")


def _log_statements(stack: StackUnderLoad, *, on: bool) -> None:
    with stack.database as database:
        database.execute(f"ALTER SYSTEM SET log_statement = '{'all' if on else 'none'}'".encode())
        database.execute("SELECT pg_reload_conf()")
    time.sleep(0.5)  # each backend reads it before its next statement


def _statements_in(stack: StackUnderLoad, seconds: float) -> Counter[str]:
    return _statements_during(stack, lambda: time.sleep(seconds))


def _statements_during(stack: StackUnderLoad, work: Any) -> Counter[str]:
    """By their first word; what the bench asks of the API counts, as a client's requests do."""
    log = stack.folder / "postgres" / "postgres.log"
    start = log.stat().st_size
    work()
    with log.open("rb") as opened:
        opened.seek(start)
        text = opened.read().decode(errors="replace")
    return Counter(match[1].upper() for match in _STATEMENT.finditer(text))


def _used(stack: StackUnderLoad) -> Used:
    time.sleep(1.2)  # the server's statistics are written once a second
    with stack.database as database:
        row = database.execute(
            "SELECT (SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database)::bigint,"
            " (SELECT wal_bytes FROM pg_stat_wal)::bigint"
        ).fetchone()
    assert row
    return Used(time.monotonic(), row[0], row[1], cpu_seconds(stack.postgres))


def _difference(stack: StackUnderLoad, seconds: float) -> dict[str, float]:
    """What the idle stack uses, a second."""
    before = _used(stack)
    time.sleep(seconds)
    after = _used(stack)
    took_s = after.at - before.at
    return {
        "transactions": (after.transactions - before.transactions) / took_s,
        "wal_bytes": (after.wal_bytes - before.wal_bytes) / took_s,
        "postgres_cpu_ms": 1000 * (after.cpu_s - before.cpu_s) / took_s,
    }


def _of_database(
    stack: StackUnderLoad, before: Used, after: Used, idle: dict[str, float], prompts: int
) -> dict[str, Any]:
    took_s = after.at - before.at
    with stack.database as database:
        newest = "(SELECT id FROM jobs ORDER BY created_at DESC LIMIT %(jobs)s)"
        rows = {}
        for table in _TABLES:
            key = "id" if table == "jobs" else "job_id"
            query = f"SELECT count(*), sum(pg_column_size(t.*)) FROM {table} AS t WHERE {key} IN {newest}"  # noqa: S608
            rows[table] = database.execute(query.encode(), {"jobs": prompts}).fetchone() or (0, 0)
        whole = database.execute(
            b"SELECT pg_table_size('events') * 1.0 / count(*), pg_indexes_size('events') * 1.0 / count(*) FROM events"
        ).fetchone()
    assert whole
    events, steps = rows["events"][0] / prompts, rows["steps"][0] / prompts
    wal = (after.wal_bytes - before.wal_bytes - idle["wal_bytes"] * took_s) / prompts
    cpu_ms = (1000 * (after.cpu_s - before.cpu_s) - idle["postgres_cpu_ms"] * took_s) / prompts
    transactions = (after.transactions - before.transactions - idle["transactions"] * took_s) / prompts
    return {
        "jobs": prompts,
        "seconds": took_s / prompts,
        "events": events,
        "steps": steps,
        "rows_by_table": {table: round(count / prompts, 1) for table, (count, _) in rows.items()},
        "row_bytes_by_table": {table: round(float(size or 0) / prompts) for table, (_, size) in rows.items()},
        "event_row_bytes": float(rows["events"][1]) / rows["events"][0],
        "event_disk_bytes": float(whole[0]) + float(whole[1]),
        "transactions": transactions,
        "wal_bytes": wal,
        "wal_bytes_per_event": wal / events,
        "postgres_cpu_ms": cpu_ms,
        "postgres_cpu_ms_per_event": cpu_ms / events,
    }


def _stored(stack: StackUnderLoad) -> dict[str, int]:
    """Each artifact's size by its path."""
    folder = stack.folder / "artifacts"
    return {str(file): file.stat().st_size for file in folder.rglob("*") if file.is_file()}


def _of_artifacts(before: dict[str, int], after: dict[str, int], prompts: int) -> dict[str, Any]:
    new = {file: size for file, size in after.items() if file not in before}
    kinds = Counter[str]()
    for file, size in new.items():
        head = Path(file).read_bytes()[:12]
        kind = (
            ".blend"
            if head.startswith((b"BLENDER", b"\x28\xb5\x2f\xfd"))
            else ".glb"
            if head[:4] == b"glTF"
            else "picture"
        )
        kinds[kind if kind != "picture" or head[:4] in (b"RIFF", b"\x89PNG") else "other"] += size
    return {
        "artifacts": len(new) / prompts,
        "artifact_bytes": sum(new.values()) / prompts,
        "artifact_bytes_by_kind": {kind: round(size / prompts) for kind, size in kinds.most_common()},
    }


@contextmanager
def _listening(database_url: str) -> Iterator[Heard]:
    heard, stop = Heard(), threading.Event()
    with psycopg.connect(libpq_url(database_url), autocommit=True) as connection:
        for channel in _CHANNELS:
            connection.execute(f'LISTEN "{channel}"'.encode())

        def hear() -> None:
            while not stop.is_set():
                for told in connection.notifies(timeout=0.3):
                    heard.counts[told.channel] += 1
                    heard.payload_bytes[told.channel] += len(told.payload)

        thread = threading.Thread(target=hear)
        thread.start()
        try:
            yield heard
        finally:
            stop.set()
            thread.join()


def _of_notifications(heard: Heard, prompts: int) -> dict[str, Any]:
    return {
        "notifications": {channel: round(count / prompts, 1) for channel, count in heard.counts.items()},
        "notification_bytes": {channel: round(size / prompts) for channel, size in heard.payload_bytes.items()},
    }


if __name__ == "__main__":
    main()
