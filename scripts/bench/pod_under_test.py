"""A pod of the benchmark's own: the front as it is started in production, isolated as by default."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from cloud.agent.toolbox import McpToolbox
from cloud.fleet.pod_tokens import PodTokens

_AUDIENCE, _OWNER = "bench", "bench-user"
_ROOT = Path(__file__).resolve().parents[2]
_CHILD = "cloud.blender.child"
_READY_LIMIT_S = 120
_CALL_LIMIT_S = 900


@dataclass(frozen=True)
class PodUnderTest:
    """A pod that answers."""

    base_url: str
    tokens: PodTokens
    process: subprocess.Popen[str]

    @classmethod
    @contextmanager
    def started(cls, workspace: Path, *, cache: Path | None = None) -> Iterator["PodUnderTest"]:
        """Start a pod, wait until its Blender answers; end it after the block."""
        tokens = PodTokens()
        command = [sys.executable, "-P", "-m", "cloud.blender", "--workspace", str(workspace), "--audience", _AUDIENCE]
        command += ["--public-key", tokens.public_key_pem, "--until-stdin-closes", "--log-level", "ERROR"]
        command += ["--call-limit", str(_CALL_LIMIT_S)]
        command += ["--cache-dir", str(cache or Path(tempfile.gettempdir()) / f"p2m-bench-cache-{os.getuid()}")]
        environment = {"PATH": os.environ["PATH"], "HOME": str(workspace), "PYTHONPATH": str(_ROOT)}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            assert process.stdout
            try:
                line = process.stdout.readline()
                if not line:
                    raise RuntimeError("the pod did not start: `prompt2mesh doctor` tells what is missing")
                base_url = f"http://127.0.0.1:{json.loads(line)['port']}"
                httpx2.get(f"{base_url}/readyz", timeout=_READY_LIMIT_S, trust_env=False).raise_for_status()
                yield cls(base_url, tokens, process)
            finally:
                process.terminate()
                process.wait(20)

    def toolbox(self) -> McpToolbox:
        """A client, as the agent uses it."""
        return McpToolbox(
            self.base_url, lambda: self.tokens.sign(pod=_AUDIENCE, user_id=_OWNER), call_limit_s=_CALL_LIMIT_S
        )

    def processes(self) -> list[psutil.Process]:
        """The front and everything below it."""
        front = psutil.Process(self.process.pid)
        return [front, *front.children(recursive=True)]

    def blenders(self) -> list[psutil.Process]:
        """The processes that run Blender: the one at work, and the spare."""
        found = []
        for process in self.processes():
            try:
                line = process.cmdline()
                if _CHILD in line and "bwrap" not in line[0] and "python" in Path(process.exe()).name:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def memory_mib(self) -> float:
        """Memory of all processes, shared pages divided among those who share them (PSS)."""
        total_kib = 0
        for process in self.processes():
            try:
                rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            total_kib += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        return total_kib / 1024

    def wait_for_blenders(self, count: int, limit_s: float = 60) -> None:
        """Return once that many run and none of them is busy starting. Raises: TimeoutError."""
        deadline = time.monotonic() + limit_s
        used, quiet = -1.0, 0
        while time.monotonic() < deadline:
            time.sleep(0.5)
            blenders = self.blenders()
            before, used = used, sum(sum(process.cpu_times()[:2]) for process in blenders)
            quiet = quiet + 1 if len(blenders) >= count and used - before < 0.02 else 0
            if quiet >= 3:
                return
        raise TimeoutError(f"there are {len(self.blenders())} Blenders, not {count}, after {limit_s:g} s")
