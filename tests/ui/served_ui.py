"""The web UI's real server, in front of the stand-in of the API."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.support.stack_processes import wait_for
from tests.ui.fake_api import FakeApi, fake_api
from ui.launch import streamlit_command

_START_S = 120


@contextmanager
def served_ui(log: Path) -> Iterator[tuple[str, FakeApi]]:
    """Its address and the API behind it, until the block ends. What it says goes into `log`."""
    with fake_api() as api, log.open("wb") as said:
        port = _free_port()
        environment = {**os.environ, "P2M_API_URL": api.url}
        process = subprocess.Popen(streamlit_command(port), env=environment, stdout=said, stderr=said)
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(lambda: process.poll() is not None or _answers(url), _START_S, "the web UI's start")
            assert process.poll() is None, log.read_text()
            yield url, api
        finally:
            process.terminate()
            process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/_stcore/health", trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
