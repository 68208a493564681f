"""A real stack that is watched: a collector of spans, and the ports of its numbers. Its first job has ended."""

import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.otlp_receiver import Collector, otlp_receiver
from tests.support.web_stack import web_stack
from tests.telemetry.test_endpoint import free_port
from ui.api_client import ApiClient
from ui.tracing import click

PROMPT = "a red cube beside a zebra-striped lighthouse"
"""Words of which nothing may be in a span or a number."""


@dataclass(frozen=True)
class WatchedStack:
    """The stack, what came to its collector, and the job that was ordered by a click."""

    data_dir: Path
    api_port: int
    runner_port: int
    collector: Collector
    client: ApiClient
    job_id: str
    trace_id: str

    def log_of(self, part: str) -> list[dict[str, Any]]:
        """The JSON lines of a part's log; `pod`: of all pods."""
        files = self.data_dir.glob("pods/fleet-*/pod-*/pod.log" if part == "pod" else f"logs/{part}.log")
        lines = [line for file in files for line in file.read_text(errors="replace").splitlines()]
        return [json.loads(line) for line in lines if line.startswith("{")]


def two_free_ports() -> int:
    """The first of two that follow each other."""
    import socket

    while True:
        first = free_port()
        try:
            with socket.create_server(("127.0.0.1", first)), socket.create_server(("127.0.0.1", first + 1)):
                return first
        except OSError:
            continue


@pytest.fixture(scope="package")
def watched_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedStack]:
    data_dir = tmp_path_factory.mktemp("watched") / "data"
    port = two_free_ports()
    with otlp_receiver() as collector:
        variables = {"P2M_METRICS_PORT": str(port), "P2M_METRICS_HOST": "127.0.0.1", "P2M_OTLP_ENDPOINT": collector.url}
        with web_stack(data_dir, **variables) as info, ApiClient(info.api_url) as client:
            name, password = f"user {uuid.uuid4().hex[:12]}", "correct horse battery staple"
            client.sign_up(name, password)
            client.token = client.log_in(name, password)["token"]
            project = client.create_project("Lighthouse")["id"]
            before = os.environ.get("P2M_OTLP_ENDPOINT")
            os.environ["P2M_OTLP_ENDPOINT"] = collector.url
            try:
                with click("send prompt"):
                    job_id = client.create_job(project, PROMPT)["id"]
            finally:
                os.environ.pop("P2M_OTLP_ENDPOINT") if before is None else os.environ.update(P2M_OTLP_ENDPOINT=before)
            assert [event for event in client.events(job_id) if event.type == "job.finished"], "the job did not end"
            trace_id = collector.wait_for("send prompt").trace_id
            collector.wait_for("job", trace_id=trace_id)
            yield WatchedStack(data_dir, port, port + 1, collector, client, job_id, trace_id)
