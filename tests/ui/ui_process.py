"""The web UI's own server as a process, against any API."""

import contextlib
import os
import socket
import subprocess
import urllib.request
from collections.abc import Iterator

from tests.support.stack_processes import wait_for
from ui.launch import streamlit_command

START_DEADLINE_S = 90


@contextlib.contextmanager
def ui_process(api_url: str, port: int = 0) -> "Iterator[tuple[str, subprocess.Popen[bytes]]]":
    """Its address and its process, until the block ends. `port` 0: one that is free."""
    port = port or _free_port()
    command = streamlit_command(port)
    process = subprocess.Popen(command, env={**os.environ, "P2M_API_URL": api_url}, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: process.poll() is not None or _answers(url), START_DEADLINE_S, "the start of the web UI")
        assert process.poll() is None, f"the web UI ended with exit code {process.returncode}"
        yield url, process
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):  # noqa: S310
            return True
    except OSError:
        return False
