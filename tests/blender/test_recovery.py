"""After anything that a step can do to its Blender: the next call works on the last snapshot, no neighbour notices,
and nothing is left behind.
"""

import asyncio
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from cloud.blender.isolation.cgroups import ROOT
from tests.blender.contained import UID, own_by_container_user
from tests.blender.pod_process import CACHE, RunningPod, run, running_pod, wait_until
from tests.blender.walls.outside import open_folder

pytestmark = pytest.mark.blender

_BUILD = "bpy.ops.mesh.primitive_cube_add()\nbpy.context.object.name = 'Mine'"
_CALL_LIMIT_S, _GENEROUS_S = 4, 40
_FIRST_SANDBOX_USER = 1_900_000_000
_PLACES = "('.', '../scratch', tempfile.gettempdir(), '/workspace', '/tmp', '/scratch', '/dev/shm')"

ATTACKS = {
    "exit": "import os; os._exit(1)",
    "abort": "import os; os.abort()",
    "segmentation fault": "import ctypes; ctypes.string_at(0)",
    "kill of oneself": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "stop of oneself": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    "infinite loop": "while True: pass",
    "C that holds the lock": "import ctypes; ctypes.PyDLL(None).sleep(1000)",
    "signals masked": "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
    "stack overflow in C": "import sys\nsys.setrecursionlimit(10**9)\nx = []\nfor _ in range(10**6): x = [x]\nrepr(x)",
    "64 GiB": "numpy.ones(2**33)",
    "memory to the limit": "kept = []\nwhile True: kept.append(bytearray(b'x') * 2**24)",
    "memory by many": "import os\nfor _ in range(8): os.fork()\nkept = []\nwhile True: kept.append(b'x' * 2**24)",
    "fork bomb": "import os\nwhile True:\n try: os.fork()\n except OSError: pass",
    "thread bomb": "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(999,)).start()",
    "output of Python": "while True: print('x' * 100_000)",
    "output of C": "import os\nwhile True: os.write(1, b'x' * 100_000)",
    "output of a program": "import subprocess; subprocess.run(['yes'])",
    "full workspace": "open('big', 'wb').write(bytes(2**28))",
    "full everything": f"import os, tempfile\nfor p in {_PLACES}:\n try:\n"
    "  f = open(p + '/big', 'wb')\n  while True: f.write(bytes(2**24))\n except OSError: pass",
    "deletion of all": f"import shutil, tempfile\nfor p in {_PLACES}: shutil.rmtree(p, True)",
    "files without a name": "import os\nkept = []\nfor n in range(40):\n kept.append(os.memfd_create(str(n)))\n"
    " os.posix_fallocate(kept[-1], 0, 2**27)\nwhile True: pass",
    "many small files": "for n in range(10**7): open(f'{n}', 'w').close()",
    "a closed folder": "import os\nos.mkdir('x', 0o300)\nos.chdir('x')\nf = open('big', 'wb')\n"
    "while True: f.seek(0), f.write(bytes(2**20))",
    "folders in folders": "import os\nfor _ in range(5000): os.mkdir('x'), os.chdir('x')\nos._exit(1)",
    "closing of all": "import os; os.closerange(0, 4096)",
    "exit of Python": "raise SystemExit(3)",
    "interrupt": "raise KeyboardInterrupt",
    "no modules": "import sys; sys.modules.clear()",
    "other builtins": "import builtins; builtins.len = builtins.isinstance = builtins.print = None",
    "sockets in other hands": "import os, time\nif os.fork(): os._exit(1)\ntime.sleep(999)",
    "a later daemon": "import os, time\nif not os.fork():\n os.setsid()\n if not os.fork(): time.sleep(999)\n"
    " os._exit(0)",
}
_BY_DEFAULT = {"exit", "64 GiB", "fork bomb", "full everything", "deletion of all"}


@dataclass(frozen=True)
class Street:
    """A pod that is attacked and its neighbour."""

    pod: RunningPod
    neighbour: RunningPod
    contained: bool


@pytest.fixture(
    scope="module",
    params=[
        "bubblewrap",
        *(pytest.param(mode, marks=pytest.mark.heavy) for mode in ("container", "container, old Landlock")),
    ],
)
def street(request: pytest.FixtureRequest) -> Iterator[Street]:
    """Two pods; the first with small limits, so that attacks reach them soon."""
    contained = request.param != "bubblewrap"
    older = ["--landlock-at-most", "5"] if "old" in request.param else []
    small = ["--memory-mib", "1536", "--workspace-mib", "128", "--call-limit", str(_CALL_LIMIT_S)]
    with (
        open_folder() as folder,
        running_pod(folder / "attacked", *small, *older, contained=contained, cache=_cache(folder)) as pod,
        running_pod(folder / "neighbour", "--no-spare", contained=contained, cache=_cache(folder)) as neighbour,
    ):
        yield Street(pod, neighbour, contained)


def _cache(folder: Path) -> Path:
    """A copy of the tests' cache that the pods' user owns."""
    copy = folder / "cache"
    if CACHE.is_dir() and not copy.exists():
        shutil.copytree(CACHE, copy)
    for made in (own_by_container_user(copy), *copy.rglob("*")):
        os.chown(made, UID if not os.getuid() else -1, -1)
    return copy


@pytest.mark.parametrize(
    "attack", [pytest.param(name, marks=() if name in _BY_DEFAULT else pytest.mark.heavy) for name in ATTACKS]
)
async def test_the_next_call_works_and_nobody_else_notices(street: Street, attack: str) -> None:
    async with street.pod.toolbox(_BUILD) as box, street.neighbour.toolbox(_BUILD) as neighbour:
        beside = asyncio.create_task(run(neighbour, "run_python", code="import time; time.sleep(1); print('quiet')"))
        attacked = time.monotonic()
        await box.call("run_python", {"code": ATTACKS[attack]})
        began = time.monotonic()
        async with asyncio.timeout(_GENEROUS_S):
            assert [entry["name"] for entry in (await run(box, "inspect"))["objects"]] == ["Mine"]
            assert (await run(box, "run_python", code="print(1 + 1)"))["stdout"].strip() == "2"
        print(f"{attack}: told after {began - attacked:.2f} s, two calls more in {time.monotonic() - began:.2f} s")  # noqa: T201
        assert (await beside)["stdout"].strip() == "quiet"


@pytest.mark.heavy
async def test_attacks_in_a_row_without_a_pause_lose_nothing(street: Street) -> None:
    async with street.pod.toolbox(_BUILD) as box:
        for attack in (
            "exit",
            "segmentation fault",
            "closing of all",
            "abort",
            "exit",
            "exit",
            "sockets in other hands",
        ):
            await box.call("run_python", {"code": ATTACKS[attack]})
        assert [entry["name"] for entry in (await run(box, "inspect"))["objects"]] == ["Mine"]


async def test_nothing_is_left_running_and_no_file_remains(street: Street) -> None:
    """Children beyond the one at work and the spare (with their keepers), control groups, files on the disk."""
    before = _left_behind()
    async with street.pod.toolbox(_BUILD) as box:
        for attack in ("fork bomb", "a later daemon", "exit"):
            await box.call("run_python", {"code": ATTACKS[attack]})
        await run(box, "inspect")
    wait_until(lambda: len(_blenders(street.pod)) <= (4 if street.contained else 2), "two children at most", 30)
    wait_until(lambda: len(_groups(street.pod)) <= 2 * len(list(ROOT.glob("*/"))), "no more groups than children", 30)
    wait_until(lambda: not _strangers(street.pod), "no process of an earlier child's user", 30)
    assert _left_behind() <= before
    known = {"snapshots", "exports", "imports", "cache", "children"}
    assert {path.name for path in street.pod.workspace.iterdir()} <= known
    if street.contained:
        children = street.pod.workspace / "children"
        wait_until(lambda: len(list(children.iterdir())) <= 2, "a folder for each child alone", 30)


def _blenders(pod: RunningPod) -> list[psutil.Process]:
    tree = psutil.Process(pod.process.pid).children(recursive=True)
    return [each for each in tree if each.name().startswith("python")]


def _strangers(pod: RunningPod) -> list[int]:
    """Sandboxed processes of this pod whose user has no Blender; for a moment also a spare that is about to start."""
    try:
        users = {process.uids().real for process in _blenders(pod)}
        others = [each.pid for each in psutil.process_iter() if _user_of(each) not in {0, *users}]
    except psutil.NoSuchProcess:
        return _strangers(pod)
    return [pid for pid in others if _front_of(pid) == pod.process.pid]


def _groups(pod: RunningPod) -> list[Path]:
    return list(ROOT.glob(f"**/p2m-{pod.process.pid}-*/"))


def _user_of(process: psutil.Process) -> int:
    """The sandbox's user that a process runs as; 0: none."""
    try:
        uid = process.uids().real
    except psutil.NoSuchProcess:
        return 0
    return uid if uid >= _FIRST_SANDBOX_USER else 0


def _front_of(pid: int) -> int:
    """The front that a sandboxed process belongs to: the outermost of its ancestors that is one; 0: none."""
    try:
        fronts = [each.pid for each in psutil.Process(pid).parents() if "cloud.blender" in each.cmdline()]
    except psutil.NoSuchProcess:
        return 0
    return fronts[-1] if fronts else 0


def _left_behind() -> set[str]:
    return {name for name in os.listdir("/tmp") if name.startswith("p2m-child")}  # noqa: S108


@pytest.mark.heavy
async def test_ten_gigabytes_of_output_cost_no_memory(street: Street) -> None:
    code = "import os\nfor _ in range(10_000): os.write(1, b'x' * 10**6)"
    async with street.neighbour.toolbox(_BUILD) as box:
        said = await run(box, "run_python", code=code)
        assert len(said["stdout"]) < 20_000
    assert psutil.Process(street.neighbour.process.pid).memory_info().rss < 500 * 2**20
