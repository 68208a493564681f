"""Measures a flood of log-ins: `sign_in.py [--attempts N] [--at-once C] [--seconds S] [--json]`.

Real parts: embedded PostgreSQL and one process of the API. N attempts, C of them at any time, half with wrong passwords
for one user's name and half for names that nobody has: all from one address, then each from an address of its own.
Meanwhile another user lists projects, over and over, and the one whose name is attacked tries to sign in: from where
they have before, and (in the first flood) from the very address that the flood comes from.

The table, or one JSON object with `--json`, is on stdout. The flood runs on the same machine and takes its share of it,
though as the nicest of all processes.
"""

import argparse
import asyncio
import collections
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cloud.db.embedded import EmbeddedPostgres
from cloud.db.migrate import upgrade
from cloud.stack.services import Service

_ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery staple"  # noqa: S105 - of the benchmark
_HOME, _FLOODED, _OTHER = "198.51.100.1", "203.0.113.7", "198.51.100.2"
_FLOOD_TIMEOUT_S, _FLOOD_NICENESS = 120, 10
_AFTER_LIMIT_S = 400


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attempts", type=int, default=10_000, help="log-ins of each flood [10000]")
    parser.add_argument("--at-once", type=int, default=10_000, help="of them at any time [10000]")
    parser.add_argument("--seconds", type=float, default=10, help="of the time before, for comparison [10]")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    arguments = parser.parse_args()
    if min(arguments.attempts, arguments.at_once) < 1 or arguments.seconds < 1:
        parser.error("at least one attempt, one at once, and a second before are needed")
    with tempfile.TemporaryDirectory() as folder, _running_api(Path(folder)) as api:
        figures = measure(api, arguments.attempts, arguments.at_once, arguments.seconds)
    if arguments.json:
        print(json.dumps(figures, indent=1))
        return
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name, f"{value:.2f}" if isinstance(value, float) else str(value))
    Console().print(table)


@dataclass(frozen=True)
class Api:
    """An API that answers, and its process."""

    port: int
    process: psutil.Process

    def cpu_s(self) -> float:
        """Processor time that it has taken: all of it, so that of the others' requests and of passwords too."""
        times = self.process.cpu_times()
        return times.user + times.system

    def client(self, address: str) -> httpx2.Client:
        """A client that comes from the address."""
        base = f"http://127.0.0.1:{self.port}"
        return httpx2.Client(base_url=base, timeout=60, headers={"X-Forwarded-For": address}, trust_env=False)


@contextmanager
def _running_api(folder: Path) -> Iterator[Api]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    with EmbeddedPostgres(folder / "postgres") as server:
        upgrade(server.url)
        environment = {
            **os.environ,
            "DATABASE_URL": server.url,
            "P2M_DATA_DIR": str(folder),
            "P2M_TRUSTED_PROXIES": "127.0.0.1",
            "PYTHONPATH": str(_ROOT),
        }
        fd = listener.fileno()
        command = [sys.executable, "-m", "cloud.api", "--fd", str(fd)]
        service = Service("api", command, environment, folder / "api.log", (fd,))
        service.start()
        try:
            port = listener.getsockname()[1]
            httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=60, trust_env=False).raise_for_status()
            own = next(child for child in psutil.Process().children() if "cloud.api" in child.cmdline())
            yield Api(port, own)
        finally:
            service.ask_to_stop()
            service.ensure_stopped(time.monotonic() + 20)
            listener.close()


def measure(api: Api, attempts: int, at_once: int, seconds: float) -> dict[str, Any]:
    """Both floods, one after the other, each for a user of its own."""
    figures: dict[str, Any] = {"attempts": attempts, "at_once": at_once}
    with api.client(_OTHER) as other:
        _sign_up(other, "other")
        for where in ("one", "many"):
            name = f"good user {where}"
            with api.client(_HOME) as home:
                _sign_up(home, name)
            before = _Requests(other)
            before.run_for(seconds)
            figures |= {
                f"{where}_address_{key}": value
                for key, value in _one_flood(api, other, before, name, where, attempts, at_once).items()
            }
    return figures


def _one_flood(
    api: Api, other: httpx2.Client, before: "_Requests", name: str, where: str, attempts: int, at_once: int
) -> dict[str, Any]:
    memory_before, cpu_before_s = api.process.memory_info().rss, api.cpu_s()
    command = [sys.executable, __file__, "--flood", str(api.port), str(attempts), str(at_once), name, where]
    during = _Requests(other)
    at_home = _SigningIn(api, _HOME, name)
    amid = _SigningIn(api, _FLOODED, name)
    peak = memory_before
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as flood:
        workers = [threading.Thread(target=each.run_until, args=(flood,)) for each in (during, at_home, amid)]
        for worker in workers:
            worker.start()
        while flood.poll() is None:
            peak = max(peak, api.process.memory_info().rss)
            time.sleep(0.05)
        ended = time.monotonic()
        for worker in workers:
            worker.join()
        answered = json.loads(flood.stdout.read() if flood.stdout else "{}")
    return {
        "flood_s": answered["seconds"],
        "answers": answered["answers"],
        "other_ms_p50_before": before.quantile_ms(50),
        "other_ms_p50_during": during.quantile_ms(50),
        "other_ms_p99_before": before.quantile_ms(99),
        "other_ms_p99_during": during.quantile_ms(99),
        "other_p99_ratio": during.quantile_ms(99) / before.quantile_ms(99),
        "other_ms_longest_during": 1000 * max(during.taken_s),
        "other_refused": during.refused,
        "other_requests_during": len(during.taken_s),
        "good_user_at_home": at_home.told(),
        "good_user_at_home_in_after_the_flood_s": at_home.seconds_in_after(ended),
        "good_user_in_its_midst": amid.told(),
        "good_user_in_its_midst_in_after_the_flood_s": amid.seconds_in_after(ended),
        "api_cpu_ms_an_attempt": 1000 * (api.cpu_s() - cpu_before_s) / attempts,
        "api_mib_before": memory_before / 2**20,
        "api_mib_peak": peak / 2**20,
        "api_mib_after": api.process.memory_info().rss / 2**20,
    }


class _Requests:
    """One user's requests, one after the other."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client
        self.taken_s: list[float] = []
        self.refused = 0

    def run_for(self, seconds: float) -> None:
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            self._one()

    def run_until(self, flood: subprocess.Popen[str]) -> None:
        while flood.poll() is None:
            self._one()

    def _one(self) -> None:
        began = time.monotonic()
        self.refused += self._client.get("/v1/projects").status_code != 200
        self.taken_s.append(time.monotonic() - began)
        time.sleep(0.01)

    def quantile_ms(self, percent: int) -> float:
        return 1000 * statistics.quantiles(self.taken_s, n=100, method="inclusive")[percent - 1]


class _SigningIn:
    """The user whose name is attacked, who goes on trying to sign in until it works after the flood."""

    def __init__(self, api: Api, address: str, name: str) -> None:
        self._api, self._address, self._name = api, address, name
        self._tries: list[tuple[float, int]] = []

    def run_until(self, flood: subprocess.Popen[str]) -> None:
        credentials = {"username": self._name, "password": PASSWORD}
        gives_up_at = time.monotonic() + _AFTER_LIMIT_S
        with self._api.client(self._address) as client:
            while time.monotonic() < gives_up_at:
                is_over = flood.poll() is not None
                status = client.post("/v1/sessions", json=credentials).status_code
                self._tries.append((time.monotonic(), status))
                if is_over and status == 201:
                    return
                time.sleep(0.25)

    def told(self) -> dict[str, int]:
        """How often which status came."""
        statuses = [status for _, status in self._tries]
        return {str(status): statuses.count(status) for status in sorted(set(statuses))}

    def seconds_in_after(self, ended: float) -> float | None:
        """How long after the flood they were in; None: not at all."""
        return next((max(0.0, at - ended) for at, status in self._tries if status == 201 and at >= ended), None)


def _sign_up(client: httpx2.Client, name: str) -> None:
    credentials = {"username": name, "password": PASSWORD}
    client.post("/v1/users", json=credentials).raise_for_status()
    session = client.post("/v1/sessions", json=credentials)
    session.raise_for_status()
    client.headers["Authorization"] = f"Bearer {session.json()['token']}"


# --- the flood, a process of its own on plain sockets, so that it takes little of the machine that it is to load


async def _attempt(port: int, number: int, name: str, many: bool) -> str:
    """Returns: the status, or what went wrong."""
    tried = name if number % 2 else f"nobody {secrets.token_hex(6)}"
    body = json.dumps({"username": tried, "password": secrets.token_hex(8)})
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}" if many else "203.0.113.7"
    head = (
        f"POST /v1/sessions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nX-Forwarded-For: {address}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    )
    try:
        async with asyncio.timeout(_FLOOD_TIMEOUT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(head.encode())
                status = (await reader.readline()).split()
                await reader.read()
            finally:
                writer.close()
    except TimeoutError:
        return "no answer"
    except OSError as error:
        return type(error).__name__
    return status[1].decode() if len(status) > 1 else "no answer"


async def _flood(port: int, attempts: int, at_once: int, name: str, many: bool) -> dict[str, object]:
    answers: collections.Counter[str] = collections.Counter()
    numbers = iter(range(1, attempts + 1))

    async def work() -> None:
        for number in numbers:
            answers[await _attempt(port, number, name, many)] += 1

    began = time.monotonic()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return {"seconds": time.monotonic() - began, "answers": dict(answers)}


def _flood_alone(port: str, attempts: str, at_once: str, name: str, where: str) -> None:
    # In earnest it would come from other machines: this one's processors are for the API first.
    os.nice(_FLOOD_NICENESS)
    print(json.dumps(asyncio.run(_flood(int(port), int(attempts), int(at_once), name, where == "many"))))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--flood"]:
        _flood_alone(*sys.argv[2:])
    else:
        main()
