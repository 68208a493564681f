"""A real stack with its web UI and a model that takes its time, for the benchmarks of the pages."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from anyio.from_thread import start_blocking_portal

from cloud.stack.lease import StackInfo, read_stack_info
from scripts.bench.paced_messages import PacedMessages, paced_messages
from ui.api_client import ApiClient

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PASSWORD = "correct horse battery staple"  # noqa: S105 - of a user of this benchmark's own stack
_START_LIMIT_S = 180
_STOP_LIMIT_S = 60


@dataclass(frozen=True)
class UiStack:
    """A stack that answers. `client`: of the user whose browser `signed_in` opens."""

    info: StackInfo
    ui_url: str
    model: PacedMessages
    client: ApiClient
    token: str

    def signed_in(self, chromium: "Browser", wait_ms: int) -> "BrowserContext":
        """A browser of the user's own, with the cookie that the sign-in leaves."""
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(wait_ms)
        context.add_cookies([{"name": "p2m_web", "value": self.token, "url": self.ui_url}])
        return context

    def ui_processes(self) -> list[psutil.Process]:
        """The processes that serve the pages."""
        return [
            process
            for process in psutil.Process(self.info.pid).children(recursive=True)
            if "ui.app" in " ".join(process.cmdline()) or "streamlit" in " ".join(process.cmdline())
        ]


@contextmanager
def ui_stack(pace_s: float) -> Iterator[UiStack]:
    """Start everything, with one user; end it after the block. A turn of the model takes about `pace_s`."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(paced_messages(pace_s)) as model,
        tempfile.TemporaryDirectory() as folder,
    ):
        limits = {"P2M_MAX_STEPS": "1000000", "P2M_MAX_JOB_USD": "1e9", "P2M_JOB_LIMIT_S": "86400", "P2M_REVIEW": "0"}
        ours = {"P2M_DATA_DIR": folder, "ANTHROPIC_API_KEY": "sk-bench", "ANTHROPIC_BASE_URL": model.base_url, **limits}
        process = subprocess.Popen(
            [Path(sys.executable).with_name("prompt2mesh"), "up", "--port", "0"],
            env={**os.environ, **ours},
            stdout=subprocess.DEVNULL,
        )
        try:
            info = _started(process, Path(folder))
            client = ApiClient(info.api_url)
            client.sign_up("bench", PASSWORD)
            token = client.log_in("bench", PASSWORD)["token"]
            client.token = token
            yield UiStack(info, info.ui_url or "", model, client, token)
        finally:
            process.terminate()
            process.wait(_STOP_LIMIT_S)


def _started(process: subprocess.Popen[bytes], folder: Path) -> StackInfo:
    """Raises: RuntimeError: it ended instead, or took too long."""
    deadline = time.monotonic() + _START_LIMIT_S
    while (info := read_stack_info(folder)) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the stack did not start (exit code {process.returncode})")
        time.sleep(0.2)
    return info
