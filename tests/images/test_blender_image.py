"""The image of a user's Blender, really built and really run by podman as the Deployment's pod spec says (see
tests/support/blender_container.py for what differs from a cluster). The figures in k8s/images/README.md come from here.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from cloud.agent.toolbox import McpToolbox
from tests.blender.contained import UID
from tests.blender.pod_process import CONTAINER, run, wait_until
from tests.blender.walls.attempts import REFUSALS, Attempt, all_attempts, verdict_of
from tests.blender.walls.outside import CANARY, Listeners, listening, victim
from tests.support.blender_container import ROOT, Container, built_image, podman, running_container

pytestmark = [pytest.mark.heavy, pytest.mark.blender]

_FORMATS = ("blend", "glb", "fbx", "obj", "stl", "ply", "usdc")
_JOB = """
for x in range(6):
    bpy.ops.mesh.primitive_monkey_add(location=(3 * x, 0, 0))
    bpy.context.object.modifiers.new("s", "SUBSURF").levels = 4
"""
_COPY = "import shutil\nopen('a', 'w').write('x')\nprint(shutil.copy2('a', 'b'))"
_BUSY = """
import ctypes, os
for _ in range(4):
    if not os.fork():
        while True:
            pass
ctypes.PyDLL(None).sleep(25)
"""
_SEARCH = (
    "command -v pip pip3 gcc cc make; find / -xdev -perm /6000 -type f; ls -d /app/venv/lib/*/site-packages/pip; true"
)
_GRACE_S = 30
"""The Deployment's terminationGracePeriodSeconds."""
_PODS_TESTS = (
    "test_access", "test_exports", "test_hostile_imports", "test_imports", "test_inspect", "test_look", "test_mcp",
    "test_mcp_attacks", "test_mcp_cancel", "test_run_python", "test_scene", "test_turntable", "test_viewer_model",
)  # fmt: skip
"""Those that reach a pod over HTTP and look into its workspace."""


@pytest.fixture(scope="module")
def image() -> str:
    return built_image()


@pytest.fixture(scope="module")
def container(image: str) -> Iterator[Container]:
    with running_container(image, "--call-limit=60") as running:
        yield running


def test_it_runs_as_the_pod_spec_says(container: Container) -> None:
    status = Path(f"/proc/{container.front_pid}/status").read_text()
    facts = {name: value.split() for name, _, value in (line.partition(":") for line in status.splitlines())}
    assert facts["Uid"][0] == str(UID)
    assert int(facts["CapEff"][0], 16) == int(facts["CapBnd"][0], 16) == 0
    assert facts["NoNewPrivs"] == ["1"]
    assert facts["Seccomp"] == ["2"]
    assert facts["NSpid"][-1] == "1", "the front is process 1: signals of the runtime reach it"
    asked = json.loads(podman("inspect", container.name))[0]["HostConfig"]
    assert asked["ReadonlyRootfs"]
    assert asked["Memory"] == 5 * 2**30
    with pytest.raises(AssertionError, match="Read-only file system"):
        podman("exec", container.name, "touch", "/app/x")


def test_no_compiler_pip_or_program_with_its_owner_s_rights_is_inside(image: str) -> None:
    assert podman("run", "--rm", "--network=none", "--entrypoint=/bin/sh", image, "-c", _SEARCH) == ""


async def test_every_tool_works_and_every_format_is_written(container: Container) -> None:
    async with container.pod.toolbox(_JOB) as box:
        for shading in ("solid", "material", "rendered"):
            looked = await box.call("look", {"views": ["three_quarter"], "shading": shading, "size": 128})
            assert not looked.is_error, looked.content
        assert (await run(box, "inspect"))["objects"]
        assert (await run(box, "check"))["triangles"]
        assert (await run(box, "lookup", query="bpy.ops.mesh.primitive_cube_add"))["exact"]
        assert (await run(box, "snapshots", action="list"))["snapshots"]
        for file_format in _FORMATS:
            made = await run(box, "export", format=file_format, name="all")
            assert made["bytes"], file_format
            assert file_format == "blend" or made["read_back"]["ok"], file_format
        assert (await run(box, "run_python", code=_COPY))["stdout"].strip() == "b"


def test_the_pod_s_own_tests_pass_against_it(container: Container) -> None:
    handed_on = {"base_url": container.pod.base_url, "workspace": str(container.pod.workspace)}
    handed_on |= {"private_key": container.pod.tokens.private_key_pem, "pid": str(container.front_pid)}
    files = [f"tests/blender/{name}.py" for name in _PODS_TESTS]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--no-header", "-m", "not heavy", *files],
        cwd=ROOT,
        env={**os.environ, CONTAINER: json.dumps(handed_on)},
        capture_output=True,
        text=True,
        check=False,
    )
    _tell(done.stdout[-500:])
    assert done.returncode == 0, done.stdout[-8000:]


async def test_a_killed_child_is_replaced(container: Container) -> None:
    async with container.pod.toolbox("bpy.ops.mesh.primitive_cube_add()") as box:
        wait_until(lambda: len(container.blenders()) == 2, "the child at work and its spare", 60)
        at_work = container.blenders()[0]
        call = asyncio.create_task(box.call("run_python", {"code": "while True: pass"}))
        await _until_busy(container)
        at_work.kill()
        began = time.monotonic()
        assert "SIGKILL" in (await call).content[0]["text"]
        assert [entry["name"] for entry in (await run(box, "inspect"))["objects"]] == ["Cube"]
    _tell(f"killed at work; told and back in {time.monotonic() - began:.2f} s")


async def test_liveness_and_readiness_hold_through_a_step_that_never_yields(container: Container) -> None:
    """C code that holds Python's lock and all processors busy: as the longest step of a job is to the probes."""
    slowest: dict[str, float] = {"healthz": 0.0, "readyz": 0.0}
    async with container.pod.toolbox() as box:
        call = asyncio.create_task(box.call("run_python", {"code": _BUSY}))
        await _until_busy(container)
        async with httpx2.AsyncClient() as probe:
            while not call.done():
                for path in slowest:
                    began = time.monotonic()
                    answer = await probe.get(f"{container.pod.base_url}/{path}", timeout=10)
                    assert answer.status_code == 200, answer.text
                    slowest[path] = max(slowest[path], time.monotonic() - began)
                await asyncio.sleep(0.05)
        assert not (await call).is_error
    _tell(f"slowest answers in a blocking step of 25 s: {slowest}")
    assert max(slowest.values()) < 5, "the probes' time limit"


async def _until_busy(container: Container) -> None:
    async with asyncio.timeout(30), httpx2.AsyncClient() as client:
        while (await client.get(f"{container.pod.base_url}/readyz", timeout=30)).json()["status"] != "busy":  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def facts(container: Container) -> Iterator[dict[str, Any]]:
    """What there is to reach: listeners of this machine, whose network the container has here, and secrets inside."""
    keys = container.folder / "keys"
    with ExitStack() as stack:
        listeners: Listeners = stack.enter_context(listening(keys))
        (keys / "secret").write_text(CANARY)
        names = ("tcp_port", "tcp6_port", "udp_port", "abstract_name")
        told: dict[str, Any] = {name: getattr(listeners, name) for name in names} | {"unix_path": "/keys/socket"}
        told |= dict.fromkeys(
            ("secret", "data_secret", "writable", "picture", "model", "neighbour_snapshot"), "/keys/secret"
        )
        told |= {"neighbour_folder": "/keys", "own_folder": "/pod", "project": "/app", "cache": "/cache"}
        told |= {"control": False, "mark": "p2m-walls-image", "front_pid": 1, "first_pid": 1, "shared_key": 1}
        told |= {"front_port": int(container.pod.base_url.rpartition(":")[2]), "signal": int(signal.SIGKILL)}
        told |= {"own_place": "/workspace", "own_snapshots": "/snapshots", "own_imports": "/imports"}
        told |= {"own_scratch": "/scratch", "victims": {"front": 1, "other user": stack.enter_context(victim(UID))}}
        told["cache_file"] = "/cache/" + podman("exec", container.name, "sh", "-c", "cd /cache && ls */api-index.bin")
        asyncio.run(_one_snapshot(container))
        yield told
        assert listeners.visits == []


async def _one_snapshot(container: Container) -> None:
    async with container.pod.toolbox("bpy.ops.mesh.primitive_cube_add()"):
        return


@pytest.mark.parametrize("attempt", [each for each in all_attempts() if not each.only_in_bubblewrap], ids=str)
async def test_no_way_out(container: Container, facts: dict[str, Any], attempt: Attempt) -> None:
    async with McpToolbox(container.pod.base_url, container.pod.bearer) as box:
        verdict = await verdict_of(box, attempt, facts)
    assert "through" not in verdict
    accepted = REFUSALS | ({"step_lost"} if attempt.may_end_blender else set())
    assert accepted & set(verdict["kinds"]), f"the attempt itself is broken: {verdict['refused']}"
    assert CANARY not in verdict["refused"]
    assert psutil.pid_exists(container.front_pid)


def test_what_a_pod_takes(image: str) -> None:
    """Start and memory, for the README's figures; the bounds are those of the Deployment's requests and limits."""
    with running_container(image) as fresh:
        wait_until(lambda: len(fresh.blenders()) == 2, "the spare", 60)
        blenders = fresh.blenders()
        wait_until(lambda: sum(each.cpu_percent(0.5) for each in blenders) < 2, "rest", 120)
        group, own = fresh.memory_bytes()
        peak = _peak_during(fresh, _JOB)
        after = fresh.memory_bytes()[0]
        _tell(
            f"front after {fresh.listening_s:.1f} s, ready after {fresh.ready_s:.1f} s; at rest {group >> 20} MiB "
            f"({own >> 20} MiB of its own); during a job {peak >> 20} MiB at most, after it {after >> 20} MiB"
        )
        assert group < 2**30, "the memory request"
        assert peak < 4 * 2**30


def _tell(figures: str) -> None:
    """For whoever runs this with -s."""
    sys.stdout.write(f"\n{figures}\n")


def _peak_during(container: Container, code: str) -> int:
    peak, done = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.1):
            with suppress(psutil.NoSuchProcess):
                peak = max(peak, container.memory_bytes()[0])

    async def work() -> None:
        async with container.pod.toolbox(code) as box:
            await run(box, "check")
            for shading in ("solid", "rendered"):
                await box.call("look", {"views": ["around"], "shading": shading, "size": 512})
            for file_format in ("glb", "usdc"):
                await run(box, "export", format=file_format)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        asyncio.run(work())
    finally:
        done.set()
        watcher.join()
    return peak


@pytest.mark.parametrize("signals", [1, 2])
def test_it_ends_in_its_grace_period_in_the_middle_of_a_step(image: str, signals: int) -> None:
    with running_container(image) as running:
        threading.Thread(target=_blocking_step, args=(running,), daemon=True).start()
        asyncio.run(_until_busy(running))
        front = psutil.Process(running.front_pid)
        tree = front.children(recursive=True)
        began = time.monotonic()
        for _ in range(signals):
            with suppress(psutil.NoSuchProcess):
                front.terminate()
            time.sleep(0.2)
        assert int(podman("wait", running.name)) in (0, 128 + signal.SIGTERM)
        took_s = time.monotonic() - began
        _tell(f"ended {took_s:.1f} s after {signals} SIGTERM")
        assert took_s < _GRACE_S / 2
        assert not [each for each in tree if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def _blocking_step(container: Container) -> None:
    async def work() -> None:
        async with McpToolbox(container.pod.base_url, container.pod.bearer) as box:
            await box.call("run_python", {"code": "import time\ntime.sleep(60)"})

    with suppress(Exception):  # the pod ends under it, which is the test
        asyncio.run(work())
