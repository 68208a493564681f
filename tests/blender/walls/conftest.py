"""Two users' pods as they are started in production, and the world around them, which is there to be reached."""

import asyncio
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from tests.blender.contained import UID, own_by_container_user
from tests.blender.pod_process import CACHE, RunningPod, run, running_pod
from tests.blender.walls.outside import CANARY, Listeners, World, listening, open_folder, shared_segment, victim

_PROJECT = Path(__file__).resolve().parents[3]
_NOBODY = 65534


@dataclass(frozen=True)
class Town:
    """A pod that is attacked, its neighbour, and what lies around them."""

    pod: RunningPod
    neighbour: RunningPod
    world: World
    cache: Path
    contained: bool


@pytest.fixture(scope="package", params=["bubblewrap", pytest.param("container", marks=pytest.mark.heavy)])
def town(request: pytest.FixtureRequest) -> Iterator[Town]:
    """Two pods of two users with a snapshot each, on a cache that they share.

    bubblewrap: as on one machine. container: as the user of a container, but with this machine around them, where a
    real container holds the pod alone; the neighbour is then the same user, too.
    """
    contained = request.param == "container"
    with ExitStack() as stack:
        folder = stack.enter_context(open_folder())
        cache = folder / "cache"
        if CACHE.is_dir():
            shutil.copytree(CACHE, cache)
        if contained and not os.getuid():
            own_by_container_user(cache)
            for made in cache.rglob("*"):
                os.chown(made, UID, UID)
        begin: dict[str, Any] = {"cache": cache, "contained": contained}
        begin["environment"] = {"P2M_CANARY": CANARY, "ANTHROPIC_API_KEY": CANARY}
        pods = [
            stack.enter_context(running_pod(folder / name, "--call-limit", "20", **begin))
            for name in ("pod", "neighbour")
        ]
        pod, neighbour = pods
        for each in pods:
            asyncio.run(_build(each))
        facts = _facts(folder, pod, neighbour, cache, cache)
        if contained:
            facts |= _places_of_child(pod, cache)
        facts["victims"] = {"same user": stack.enter_context(victim(_uid_of_child(pod)))}
        facts["victims"]["our user"] = stack.enter_context(victim(os.getuid()))
        if os.getuid() == 0:
            facts["victims"]["other user"] = stack.enter_context(victim(_NOBODY))
        facts["victims"] |= {"front": pod.process.pid, "neighbour": neighbour.process.pid}
        listeners = stack.enter_context(listening(folder))
        facts["shared_key"] = stack.enter_context(shared_segment())
        facts |= _addresses(listeners)
        watched = [Path(facts[name]) for name in ("secret", "data_secret", "neighbour_snapshot", "picture")]
        yield Town(pod, neighbour, World(listeners, facts, [*watched, *files_in(cache)]), cache, contained)


@pytest.fixture(scope="package")
def controls(town: Town) -> Iterator[dict[str, dict[str, str]]]:
    """What came of each attempt where there is no wall."""
    if os.getuid():
        pytest.skip("the controls try what only root may do")
    with ExitStack() as stack:
        folder = stack.enter_context(open_folder())
        facts = _facts(folder, town.pod, town.neighbour, folder / "cache", town.cache)
        for name in ("snapshots", "imports", "cache", "scratch"):
            (folder / name).mkdir(exist_ok=True)
        (folder / "snapshots" / "0.blend").touch()
        (folder / "cache" / "shaders.zip").touch()
        facts |= {
            "control": True,
            "signal": signal.SIGURG,
            "own_place": str(folder),
            "cache": str(folder / "cache"),
        }  # SIGURG does no harm
        facts |= {f"own_{name}": str(folder / name) for name in ("snapshots", "imports", "scratch")}
        facts |= _addresses(stack.enter_context(listening(folder)))
        facts["cache_file"] = str(folder / "cache" / "shaders.zip")
        facts["front_pid"] = facts["first_pid"] = stack.enter_context(victim(os.getuid()))
        facts["victims"] = {"other user": facts["front_pid"]}
        facts["shared_key"] = stack.enter_context(shared_segment())
        stack.callback(_clean, facts)
        done = subprocess.run(
            ["unshare", "--mount", sys.executable, "-m", "tests.blender.walls.controls"],
            input=json.dumps(facts),
            capture_output=True,
            text=True,
            timeout=240,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(_PROJECT), "P2M_CANARY": CANARY},
            check=False,
        )
        yield dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))


def _facts(folder: Path, pod: RunningPod, neighbour: RunningPod, cache: Path, pod_cache: Path) -> dict[str, Any]:
    """What an attempt is told of the world."""
    data = folder / "data"
    data.mkdir()
    for secret in (folder / "secret", data / "key"):
        secret.write_text(CANARY)
        secret.chmod(0o666)
    Image.new("RGB", (1, 1), "red").save(folder / "picture.png")
    (folder / "model.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    snapshot = next((neighbour.workspace / "snapshots").glob("*.blend"))
    shaders = next(pod_cache.rglob("shaders.zip"))
    packages = Path(np.__file__).parents[1]
    places = ["/", "/usr/lib", "/etc", "/root", "/dev", str(_PROJECT / "cloud" / "blender"), str(cache)]
    startup = next((packages / "bpy").glob("*/scripts/startup"))
    places += [str(packages), str(packages / "numpy"), str(startup), *(str(path) for path in pod.workspace.iterdir())]
    return {
        "control": False,
        "mark": f"p2m-walls-{secrets.token_hex(6)}",
        "places": places,
        "secret": str(folder / "secret"),
        "writable": str(folder / "secret"),
        "picture": str(folder / "picture.png"),
        "model": str(folder / "model.obj"),
        "data_secret": str(data / "key"),
        "project": str(_PROJECT),
        "front_pid": pod.process.pid,
        "first_pid": 1,
        "front_port": int(pod.base_url.rpartition(":")[2]),
        "own_folder": str(pod.workspace),
        "neighbour_folder": str(neighbour.workspace),
        "neighbour_snapshot": str(snapshot),
        "signal": signal.SIGKILL,
        "cache": "/cache",
        "cache_file": f"/cache/{shaders.relative_to(pod_cache)}",
        "own_place": "/workspace",
        "own_snapshots": "/snapshots",
        "own_imports": "/imports",
        "own_scratch": "/scratch",
    }


def _places_of_child(pod: RunningPod, cache: Path) -> dict[str, Any]:
    """Where things lie for a child without a file system of its own; it works in its own folder."""
    shaders = next(cache.rglob("shaders.zip"))
    return {
        "cache": str(shaders.parent),
        "cache_file": str(shaders),
        "own_place": ".",
        "own_snapshots": str(pod.workspace / "snapshots"),
        "own_imports": str(pod.workspace / "imports"),
        "own_scratch": "../scratch",
    }


def _clean(facts: dict[str, Any]) -> None:
    """Remove what the controls wrote."""
    for place in facts["places"]:
        for written in Path(place).glob(f"{facts['mark']}*"):  # Blender keeps what it wrote before under a 1
            written.unlink()


def files_in(folder: Path) -> list[Path]:
    """All files below the folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def _addresses(listeners: Listeners) -> dict[str, Any]:
    names = ("tcp_port", "tcp6_port", "udp_port", "unix_path", "abstract_name")
    return {name: getattr(listeners, name) for name in names}


async def _build(pod: RunningPod) -> None:
    async with pod.toolbox() as box:
        await run(box, "run_python", code="bpy.ops.object.empty_add()\nbpy.context.object.name = 'Secret'")


def _uid_of_child(pod: RunningPod) -> int:
    """The user of the Blender that works now: it is older than the spare."""
    tree = psutil.Process(pod.process.pid).children(recursive=True)
    blenders = [each for each in tree if each.name().startswith("python") and not each.children()]  # nor a keeper
    return min(blenders, key=lambda each: each.create_time()).uids().real
