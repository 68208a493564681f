"""One Blender pod as a process group of this machine: start it, wait for it, end it."""

import asyncio
import json
import logging
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx2

from cloud.fleet.contract import PodNotReady

logger = logging.getLogger(__name__)

_TERM_LIMIT_S = 2.0
_HEALTH_LIMIT_S = 2.0
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


class LocalPod:
    """A pod's front process, its address, and its folder, which ends with it."""

    def __init__(self, name: str, folder: Path, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.workspace = folder / "workspace"
        self.base_url = ""
        self._folder = folder
        self._process = process
        self._started_at = time.monotonic()

    @classmethod
    async def start(cls, parent: Path, *, public_key: str, options: Sequence[str]) -> "LocalPod":
        """Begin a pod under a name of its own; `wait_ready` tells when it can be used. From the main thread."""
        name = f"pod-{secrets.token_hex(8)}"
        folder = parent / name
        (folder / "workspace").mkdir(parents=True)
        command = [sys.executable, "-P", "-m", "cloud.blender", "--workspace", str(folder / "workspace")]
        command += ["--public-key", public_key, "--audience", name, "--until-stdin-closes", *options]
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "KILL", *command]
        with (folder / "pod.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=folder,
                env=_environment(folder / "workspace"),
                start_new_session=True,
            )
        return cls(name, folder, process)

    @property
    def alive(self) -> bool:
        """Its front process has not ended."""
        return self._process.returncode is None

    async def is_healthy(self) -> bool:
        """Its front answers."""
        if not self.alive or not self.base_url:
            return False
        try:
            async with httpx2.AsyncClient(timeout=_HEALTH_LIMIT_S, trust_env=False) as client:
                return (await client.get(f"{self.base_url}/healthz")).is_success
        except httpx2.HTTPError:
            return False

    async def wait_ready(self, limit_s: float) -> None:
        """Return once real code ran in its Blender; to be called once. Raises: PodNotReady."""
        try:
            async with asyncio.timeout(limit_s):
                self.base_url = await self._read_address()
                async with httpx2.AsyncClient(timeout=limit_s, trust_env=False) as client:
                    response = await client.get(f"{self.base_url}/readyz")
        except (TimeoutError, httpx2.HTTPError) as error:
            raise self._not_ready(str(error) or "no answer") from error
        if not response.is_success:
            raise self._not_ready(str(response.json().get("detail", response.status_code)))

    async def stop(self) -> None:
        """End the process group: TERM, then KILL; remove the folder."""
        if self._process.stdin:
            self._process.stdin.close()
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), _TERM_LIMIT_S)
        except TimeoutError:
            logger.warning("pod did not end in time", extra={"pod": self.name})
        self._signal(signal.SIGKILL)
        await self._process.wait()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _read_address(self) -> str:
        assert self._process.stdout
        line = await self._process.stdout.readline()
        if not line:
            raise self._not_ready("it ended at once")
        return f"http://127.0.0.1:{int(json.loads(line)['port'])}"

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            logger.debug("pod has ended already", extra={"pod": self.name})

    def _not_ready(self, why: str) -> PodNotReady:
        log = (self._folder / "pod.log").read_text(errors="replace").strip().splitlines()
        # Our own lines are JSON; what else stands there is what Python or the system said last.
        last_words = [line for line in log if not line.startswith(("{", "EGL", " ", "Traceback"))][-1:]
        logger.error("pod is not ready", extra={"pod": self.name, "why": why, "log": log[-5:]})
        return PodNotReady(self.name, time.monotonic() - self._started_at, " ".join([why, *last_words]))


def _environment(workspace: Path) -> dict[str, str]:
    """All that a pod is told of this machine: no key, no address of the backend."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(workspace),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(_PACKAGE_ROOT),
        "PYTHONUNBUFFERED": "1",
    }
