"""Runs the scripts of a folder bare and through the pod, and compares what they leave."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cloud.agent.contract import ToolResult
from cloud.agent.toolbox import McpToolbox
from scripts.bench.pod_under_test import PodUnderTest

_ROOT = Path(__file__).resolve().parents[2]
_STEP_LIMIT_S = 600


class BareBlender:
    """Answers of `bare_blender`, one job at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @classmethod
    @contextmanager
    def started(cls) -> Iterator["BareBlender"]:
        """A process that has imported Blender; it ends with the block."""
        command = [sys.executable, "-P", "-m", "scripts.bench.bare_blender"]
        environment = os.environ | {"PYTHONPATH": str(_ROOT), "PYTHONHASHSEED": "0"}
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        ) as process:
            try:
                yield cls(process)
            finally:
                process.kill()

    def ask(self, **job: Any) -> dict[str, Any]:
        """The job's answer."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


async def compare_scripts(pod: PodUnderTest, scripts: list[Path], place: Path) -> dict[str, Any]:
    """Every one of the scripts. Writes below `place`."""
    entries = []
    with BareBlender.started() as bare:
        for number, script in enumerate(scripts):
            print(f"bench: {script.name} …", file=sys.stderr, flush=True)
            async with pod.toolbox() as box:
                entries.append(await compare_script(bare, box, script, place / f"script-{number}"))
    both = [entry for entry in entries if entry["bare_ok"] and entry["pod_ok"]]
    bare_s, pod_s = (sum(entry[key] for entry in both) for key in ("bare_s", "pod_s"))
    return {
        "scripts_total": len(entries),
        "scripts_bare_ok": sum(entry["bare_ok"] for entry in entries),
        "scripts_pod_ok": sum(entry["pod_ok"] for entry in entries if entry["bare_ok"]),
        "scripts_equal": sum(entry["equal"] for entry in both),
        "script_overhead": pod_s / bare_s if bare_s else None,
        "script_overhead_ms_each": 1000 * (pod_s - bare_s) / len(both) if both else None,
        "scripts": entries,
    }


async def compare_script(bare: BareBlender, box: McpToolbox, script: Path, stem: Path) -> dict[str, Any]:
    """How one script went in both, from the same empty scene and seeds."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    ours, theirs = stem.with_suffix(".pod.blend"), stem.with_suffix(".bare.blend")
    ran = await asyncio.to_thread(bare.ask, run=str(script), save=str(theirs))
    await box.call("snapshots", {"action": "restore", "sha256": "empty"})
    code = (await asyncio.to_thread(script.read_bytes)).decode("utf-8", errors="replace")
    began = time.perf_counter()
    step = await box.call("run_python", {"code": code, "timeout_s": _STEP_LIMIT_S})
    pod_s = time.perf_counter() - began
    found = ["not compared"]
    if ran["ok"] and not step.is_error:
        ours.write_bytes(await box.download_snapshot(step.structured["snapshot"]["sha256"]))
        found = (await asyncio.to_thread(bare.ask, compare=[str(theirs), str(ours)]))["differences"]
    return {
        "script": script.name,
        "bare_ok": ran["ok"],
        "pod_ok": not step.is_error,
        "bare_error": ran.get("error", ""),
        "pod_error": _error_of(step),
        "equal": not found,
        "differences": found,
        "bare_s": ran.get("seconds", 0.0),
        "pod_s": pod_s,
    }


def _error_of(step: ToolResult) -> str:
    error = step.structured.get("error") or {}
    return f"{error.get('type')}: {error.get('message')} (line {error.get('line')})" if step.is_error else ""
