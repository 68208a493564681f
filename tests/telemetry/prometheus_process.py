"""A real Prometheus that scrapes a stack of this machine, with our alerts, every half second."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import yaml

from tests.support.promtool import prometheus_binary
from tests.support.stack_processes import wait_for
from tests.telemetry.conftest import WatchedStack
from tests.telemetry.monitoring_files import rule_groups
from tests.telemetry.test_endpoint import free_port


@dataclass(frozen=True)
class Prometheus:
    """Its HTTP API."""

    http: httpx2.Client

    def targets(self) -> list[dict[str, Any]]:
        """What it scrapes."""
        return self._get("targets")["activeTargets"]

    def rules(self) -> list[dict[str, Any]]:
        """The alerts as it works them out."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def ask(self, query: str) -> list[dict[str, Any]]:
        """What the query gives now. Fails if Prometheus does not take it."""
        return self._get("query", query=query)["result"]

    def value(self, query: str) -> float:
        """The one number that the query gives."""
        [found] = self.ask(query)
        return float(found["value"][1])

    def _get(self, what: str, **params: str) -> Any:
        answer = self.http.get(f"/api/v1/{what}", params=params)
        assert answer.status_code == 200, f"{params}: {answer.text}"
        return answer.json()["data"]


@contextmanager
def prometheus_of(stack: WatchedStack, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus that has seen both processes of the stack, for as long as the block runs."""
    scrapes = [
        {
            "job_name": f"prompt2mesh-{part}",
            "static_configs": [
                {"targets": [f"127.0.0.1:{port}"], "labels": {"namespace": "prompt2mesh", "pod": f"{part}-1"}}
            ],
        }
        for part, port in (("api", stack.api_port), ("runner", stack.runner_port))
    ]
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": rule_groups()}))
    settings = {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
        "rule_files": ["rules.yml"],
        "scrape_configs": scrapes,
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    port = free_port()
    command = [prometheus_binary("prometheus"), f"--config.file={folder}/prometheus.yml"]
    command += [f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as http:
            prometheus = Prometheus(http)
            wait_for(lambda: _is_ready(process, http, folder), 60, "Prometheus' start")
            wait_for(lambda: _has_seen(prometheus), 60, "Prometheus' first scrapes")
            time.sleep(1.5)  # a rate needs two scrapes
            yield prometheus
    finally:
        process.terminate()
        process.wait(20)


def _is_ready(process: "subprocess.Popen[bytes]", http: httpx2.Client, folder: Path) -> bool:
    assert process.poll() is None, (folder / "prometheus.log").read_text()[-2000:]
    try:
        return http.get("/-/ready").status_code == 200
    except httpx2.TransportError:
        return False


def _has_seen(prometheus: Prometheus) -> bool:
    targets = prometheus.targets()
    rules = prometheus.rules()
    known = {target["health"] for target in targets} | {rule["health"] for rule in rules}
    return len(targets) == 2 and bool(rules) and "unknown" not in known
