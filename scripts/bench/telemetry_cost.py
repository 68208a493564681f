"""Measures what being watched costs: `telemetry_cost.py [--requests N] [--json]`.

Real parts: embedded PostgreSQL and the API, over HTTP on loopback. One client makes N projects in each of four ways,
a few at a time in turn, so that whatever else the machine does falls on all of them:

- bare: without the part that gives requests their ids, counts them and makes spans;
- off: as it is delivered, without a collector;
- traced: each request is a span, sent to a collector that answers;
- dead: each request is a span, and nobody listens where the collector should.

The ratios are of processor time, of the process that holds the API and the client: on a machine that others work on
too it is what can be held against each other. The client's own half of it makes them a little better than they are;
PostgreSQL is not in it. What a user feels is `bare_ms_p50`.

Besides: a span and a counted call by themselves, in a loop, and a scrape of a process's numbers. The table, or one
JSON object with `--json`, is on stdout.
"""

import argparse
import asyncio
import json
import socket
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cloud.api.__main__ import ApiServer
from cloud.api.app import create_app
from cloud.api.watching import WatchedRequests
from cloud.db.embedded import EmbeddedPostgres
from cloud.db.migrate import upgrade
from cloud.settings import Settings
from cloud.telemetry.exporting import open_tracing
from cloud.telemetry.metrics import REGISTRY, TOOL_CALL_S
from cloud.telemetry.tracing import span
from cloud.telemetry.watch import watched

AT_A_TIME = 20
DEAD = "http://127.0.0.1:9"

MEANINGS = {
    "ratio_off": "a request as delivered, to one without any watching; goal < 1.05",
    "ratio_traced": "the same with spans; goal < 1.10",
    "ratio_dead": "the same with a collector that is not there; goal < 1.10",
    "bare_cpu_ms": "processor time of one bare request, API and client together",
    "bare_ms_p50": "one bare request, half are faster",
    "watching_off_us": "processor time that being watched adds to a request, without collector and log line",
    "watching_traced_us": "the same with a span",
    "span_off_ns": "a span where there is no collector",
    "span_on_us": "a span that is sent",
    "watched_off_us": "a call that is timed and counted, without a collector",
    "scrape_ms": "telling all numbers once",
}


@contextmanager
def running_api(database_url: str, data_dir: Path) -> Iterator[tuple[str, Any]]:
    """The API in a thread of this process. Gives: its address and its app."""
    app = create_app(Settings(data_dir=data_dir, database_url=database_url))
    listener = socket.create_server(("127.0.0.1", 0))
    server = ApiServer(app)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", app
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def collector() -> Iterator[str]:
    """Takes spans and forgets them."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def bare(app: Any) -> Iterator[None]:
    """The app without what watches its requests."""
    edge = app._edge
    app._edge = edge._app
    try:
        yield
    finally:
        app._edge = edge


def signed_in(url: str) -> httpx2.Client:
    """A client with a new user's token."""
    client = httpx2.Client(base_url=url, timeout=30, trust_env=False)
    credentials = {"username": f"user {uuid.uuid4().hex[:8]}", "password": "correct horse battery staple"}
    client.post("/v1/users", json=credentials).raise_for_status()
    session = client.post("/v1/sessions", json=credentials).raise_for_status().json()
    client.headers["Authorization"] = f"Bearer {session['token']}"
    return client


def measure_requests(requests: int) -> tuple[dict[str, list[float]], list[float]]:
    """Processor seconds of a request, a figure for each turn, by the way it was made; and seconds of each bare one."""
    costs: dict[str, list[float]] = {}
    waits: list[float] = []
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as server:
        upgrade(server.url)
        with (
            running_api(server.url, Path(folder) / "data") as (url, app),
            closing(signed_in(url)) as client,
            collector() as at,
        ):
            ways: dict[str, Callable[[], AbstractContextManager[None]]] = {
                "warm-up": nullcontext,
                "bare": lambda: bare(app),
                "off": nullcontext,
                "traced": lambda: open_tracing(at, part="bench", version="0"),
                "dead": lambda: open_tracing(DEAD, part="bench", version="0"),
            }
            for turn in range(-(-requests // AT_A_TIME)):
                # Each turn in another order: whoever comes after a clean-up of the last would always pay for it.
                names = list(ways)[1:]
                order = [*names[turn % 4 :], *names[: turn % 4]]
                for name in ["warm-up", *order] if turn == 0 else order:
                    with ways[name]():
                        began = time.process_time()
                        waited = [_timed(client) for _ in range(AT_A_TIME)]
                        costs.setdefault(name, []).append((time.process_time() - began) / AT_A_TIME)
                    waits += waited if name == "bare" else []
    return costs, waits


def _timed(client: httpx2.Client) -> float:
    began = time.perf_counter()
    client.post("/v1/projects", json={"name": "Castle"}).raise_for_status()
    return time.perf_counter() - began


def each_s(do: Callable[[], None], times: int = 20_000) -> float:
    """Seconds of one `do`: the best of five loops."""
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(times // 5):
            do()
        best = min(best, (time.perf_counter() - began) / (times // 5))
    return best


async def watching_us(requests: int = 400) -> float:
    """Processor microseconds that the part around the app adds to a changing request, whose app does nothing."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(_message: Any) -> None:
        return

    best: list[float] = []
    for asked in (app, WatchedRequests(app)):
        turns: list[float] = []
        for _ in range(7):
            began = time.process_time()
            for _ in range(requests):
                scope = {"type": "http", "method": "POST", "path": "/v1/x", "headers": []}
                await asked(scope, send, send)  # pyright: ignore[reportArgumentType]
            turns.append((time.process_time() - began) / requests)
        best.append(min(turns))
    return (best[1] - best[0]) * 1e6


def one_span() -> None:
    """A span as the runner makes them."""
    with span("tool call", attributes={"tool": "look"}):
        pass


def one_watched() -> None:
    """A call as the runner counts them."""
    with watched("tool call", TOOL_CALL_S, {"tool": "look"}):
        pass


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=400, help="requests in each way [400]")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    arguments = parser.parse_args()
    costs, waits = measure_requests(arguments.requests)
    p50 = {name: statistics.median(found) for name, found in costs.items()}
    result: dict[str, float] = {
        f"ratio_{name}": round(p50[name] / p50["bare"], 3) for name in ("off", "traced", "dead")
    }
    result |= {"bare_cpu_ms": round(p50["bare"] * 1000, 3), "bare_ms_p50": round(statistics.median(waits) * 1000, 3)}
    result["requests"] = arguments.requests
    result |= {"span_off_ns": round(each_s(one_span) * 1e9), "watched_off_us": round(each_s(one_watched) * 1e6, 2)}
    result["watching_off_us"] = round(asyncio.run(watching_us()), 1)
    with collector() as at, open_tracing(at, part="bench", version="0"):
        result["watching_traced_us"] = round(asyncio.run(watching_us()), 1)
        result["span_on_us"] = round(each_s(one_span, 2_000) * 1e6, 1)
    from prometheus_client import generate_latest

    result["scrape_ms"] = round(each_s(lambda: (generate_latest(REGISTRY), None)[1], 50) * 1000, 2)
    if arguments.json:
        print(json.dumps(result))
        return
    table = Table("measure", "value", "what it is")
    for name, value in result.items():
        table.add_row(name, str(value), MEANINGS.get(name, ""))
    Console().print(table)


if __name__ == "__main__":
    main()
