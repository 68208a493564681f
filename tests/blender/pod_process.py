"""A real Blender pod for the tests: the front as it is started in production, with a key pair of the test's own."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil

from cloud.agent.toolbox import McpToolbox
from cloud.fleet.pod_tokens import PodTokens
from tests.blender.contained import as_container_user, own_by_container_user

AUDIENCE, OWNER = "pod-under-test", "user-1"
CACHE = Path(tempfile.gettempdir()) / f"prompt2mesh-test-cache-{os.getuid()}"
"""Compiled shaders and the API index, kept between runs: without them a pod needs seconds more to start."""
CONTAINER = "P2M_TEST_POD"
"""A variable: the pod that runs already, as JSON, for the tests that one pod is enough for."""

_PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class RunningPod:
    """A pod that answers."""

    base_url: str
    workspace: Path
    tokens: PodTokens
    process: subprocess.Popen[str]

    def bearer(self) -> str:
        """A token of the pod's owner."""
        return self.tokens.sign(pod=AUDIENCE, user_id=OWNER)

    @asynccontextmanager
    async def toolbox(self, code: str = "") -> AsyncIterator[McpToolbox]:
        """A toolbox on the empty scene, after `code` ran in it."""
        async with McpToolbox(self.base_url, self.bearer) as box:
            await run(box, "snapshots", action="restore", sha256="empty")
            if code:
                await run(box, "run_python", code=code)
            yield box


async def run(box: McpToolbox, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a call that must succeed gave, as data."""
    result = await box.call(tool, arguments)
    assert not result.is_error, result.content
    return result.structured


def handed_over_pod(told: str) -> RunningPod:
    """The pod that the variable `CONTAINER` tells of. Its process can be asked for its number alone."""
    facts = json.loads(told)
    tokens = PodTokens.of_pem(facts["private_key"])
    process: Any = psutil.Process(int(facts["pid"]))
    return RunningPod(facts["base_url"], Path(facts["workspace"]), tokens, process)


@contextmanager
def running_pod(
    workspace: Path,
    *options: str,
    cache: Path = CACHE,
    environment: Mapping[str, str] | None = None,
    contained: bool = False,
) -> Iterator[RunningPod]:
    """Start a pod and wait until real code ran in its Blender; end it afterwards. `environment`: more of it.

    contained: as the user of a container, with the walls for there.
    """
    tokens = PodTokens()
    if contained:
        own_by_container_user(workspace)
        options = ("--isolation", "container", *options)
    command = as_container_user() if contained else []
    command += [sys.executable, "-P", "-m", "cloud.blender", "--workspace", str(workspace), "--audience", AUDIENCE]
    command += ["--public-key", tokens.public_key_pem, "--until-stdin-closes", "--log-level", "WARNING", *options]
    command += ["--cache-dir", str(cache)]
    variables = {"PATH": os.environ["PATH"], "HOME": str(workspace), "PYTHONPATH": str(_PROJECT)} | dict(
        environment or {}
    )
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables) as process:
        assert process.stdout
        try:
            base_url = f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
            assert httpx2.get(f"{base_url}/readyz", timeout=60).is_success
            yield RunningPod(base_url, workspace, tokens, process)
        finally:
            process.terminate()
            process.wait(10)


def wait_until(condition: Callable[[], bool], what: str, limit_s: float = 10) -> None:
    """Return as soon as the condition holds; fail at the limit."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit_s} s: {what}"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """The process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def processes_with(text: str) -> dict[int, str]:
    """Command lines, by process number, of all processes that mention the text in it."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it ended meanwhile
            continue
        if text in line and is_running(int(entry.parent.name)):
            found[int(entry.parent.name)] = line
    return found
