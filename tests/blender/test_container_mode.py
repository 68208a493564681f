"""`--isolation container`: when it refuses to start, what an older kernel holds, and that nothing outlives a child.

The ways out of it are in walls/, and of the real container in tests/images/test_blender_image.py.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cloud.blender.cache import PodCache
from cloud.fleet.pod_tokens import PodTokens
from tests.blender.contained import as_container_user, own_by_container_user
from tests.blender.pod_process import RunningPod, is_running, run, running_pod, wait_until
from tests.blender.walls.outside import open_folder

pytestmark = pytest.mark.blender
# A pod in this mode for each kernel takes long: those of old kernels are tried by `./scripts/test --all`.
_OLD = pytest.mark.heavy

_PROJECT = Path(__file__).resolve().parents[2]
_DAEMON = """
import os, time
if not os.fork():
    os.setsid()
    if not os.fork():
        open("daemon", "w").write(str(os.getpid()))
        time.sleep(999)
    os._exit(0)
"""


def _start(folder: Path, *options: str, plain_user: bool = True) -> tuple[int, str]:
    """The exit code and the log of a front that does not get far."""
    command = [*(as_container_user() if plain_user else []), sys.executable, "-P", "-m", "cloud.blender", *options]
    command += ["--isolation", "container", "--workspace", str(own_by_container_user(folder / "pod"))]
    command += ["--public-key", PodTokens().public_key_pem]
    variables = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(_PROJECT)}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stderr


_LEAVE = """
for name in ("workspace", "tmp", "scratch"):
    os.makedirs(f"{ROOT}/{name}/deep/" + "x/" * 200)
    open(f"{ROOT}/{name}/left", "w").write("x")
    os.symlink(f"{POD}/exports", f"{ROOT}/{name}/link")
"""
# Last of all: what hides its files from the watch is ended by it.
_LEAVE_CLOSED = """
for name in ("workspace", "tmp", "scratch"):
    os.mkdir(f"{ROOT}/{name}/closed", 0o300)
    open(f"{ROOT}/{name}/closed/left", "w").write("x")
os._exit(1)
"""
_FOUND = """
found = sum((os.listdir(f"{ROOT}/{name}") for name in ("workspace", "tmp", "scratch")), [])
print(sorted(set(found) - {".step.py", "scene.blend"}))  # our own code's, made for this child
"""
_OF_OTHERS = """
own = os.path.basename(os.path.dirname(tempfile.gettempdir()))
for place in (POD, f"{POD}/snapshots", f"{POD}/exports", f"{POD}/children", ROOT):
    try:
        open(f"{place}/x", "w")
        print("THROUGH", place)
    except OSError:
        print("refused")
for each in SPARES:
    try:
        print("THROUGH", os.listdir(each) if own not in each else open("/nonexistent"))
    except OSError:
        print("refused")
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


def test_without_landlock_it_does_not_start(folder: Path) -> None:
    code, said = _start(folder, "--landlock-at-most", "0")
    assert code == 1
    assert "no Landlock" in said
    assert "--landlock optional" in said


@pytest.mark.skipif(os.getuid() != 0, reason="only root can try it as root")
def test_as_root_it_does_not_start(folder: Path) -> None:
    code, said = _start(folder, plain_user=False)
    assert code == 1
    assert "runAsNonRoot" in said


@pytest.mark.parametrize("landlock", ["newest", *(pytest.param(abi, marks=_OLD) for abi in ("5", "2", "0"))])
async def test_the_front_cannot_be_reached_on_any_kernel(folder: Path, landlock: str) -> None:
    """ABI 5: no scopes of signals. ABI 2: truncation is no writing. 0: the operator's choice; the filter alone."""
    options = [] if landlock == "newest" else ["--landlock", "optional", "--landlock-at-most", landlock]
    left = own_by_container_user(folder / "pod" / "children") / "of-a-front-before"
    own_by_container_user(left)
    with running_pod(folder / "pod", "--no-spare", *options, contained=True, cache=folder / "pod" / "cache") as pod:
        assert not left.exists()
        front = pod.process.pid
        tries = {
            "kill": f"os.kill({front}, 0)",
            "group": f"os.killpg(os.getpgid({front}), 0)",
            "everybody": "os.kill(-1, 0)",
            "environment": f"open('/proc/{front}/environ').read()",
            "memory": f"open('/proc/{front}/mem', 'r+b')",
            "descriptors": f"os.listdir('/proc/{front}/fd')",
            "limits": f"resource.prlimit({front}, resource.RLIMIT_NOFILE)",
            "priority": f"os.setpriority(os.PRIO_PROCESS, {front}, 19)",
            "a user's priority": "os.setpriority(os.PRIO_USER, 0, 19)",
            "socket": "socket.socket(socket.AF_UNIX)",
            "signals by a socket": f"fcntl.fcntl(socket.socketpair()[0], fcntl.F_SETOWN, {front})",
        }
        if landlock != "0":
            made = f"{pod.workspace}/snapshots"
            tries["a snapshot more"] = f"open('{made}/x', 'w')"
            tries["a snapshot emptied"] = f"os.truncate(glob.glob('{made}/*.blend')[0], 0)"
            tries["a snapshot emptied by opening"] = f"os.open(glob.glob('{made}/*.blend')[0], os.O_TRUNC)"
        code = "import fcntl, glob, os, resource, socket\nfor name, attempt in " + repr(tries) + ".items():\n"
        code += "    try:\n        eval(attempt)\n    except OSError as e:\n        print(name, 'refused')\n"
        code += "    else:\n        print(name, 'THROUGH')\n"
        if landlock in ("newest",):
            code = code.replace("os.kill(-1, 0)", "os.kill(1, 0)")  # alone in its domain, everybody is nobody
        async with pod.toolbox("bpy.ops.mesh.primitive_cube_add()") as box:
            said = (await run(box, "run_python", code=code))["stdout"].split("\n")
        assert sorted(line for line in said if line) == sorted(f"{name} refused" for name in tries)


@pytest.fixture(scope="module", params=["newest", "5"])
def contained(request: pytest.FixtureRequest) -> Iterator[RunningPod]:
    options = [] if request.param == "newest" else ["--landlock-at-most", request.param]
    with (
        open_folder() as folder,
        running_pod(
            folder / "pod", "--call-limit", "6", *options, contained=True, cache=folder / "pod" / "cache"
        ) as pod,
    ):
        yield pod


@pytest.mark.heavy
async def test_what_has_left_its_session_ends_with_the_child(contained: RunningPod) -> None:
    async with contained.toolbox() as box:
        call = asyncio.create_task(box.call("run_python", {"code": _DAEMON + "time.sleep(999)"}))
        daemon = await asyncio.to_thread(_daemon_of, contained)
        assert is_running(daemon)
        assert (await call).structured["error"]["type"] == "step_lost"
        assert not is_running(daemon)


@pytest.mark.heavy
async def test_a_keeper_that_is_killed_leaves_nothing_either(contained: RunningPod) -> None:
    async with contained.toolbox() as box:
        call = asyncio.create_task(box.call("run_python", {"code": _DAEMON + "time.sleep(999)"}))
        daemon = await asyncio.to_thread(_daemon_of, contained)
        for keeper in psutil.Process(contained.process.pid).children():
            keeper.kill()
        assert (await call).structured["error"]["type"] == "step_lost"
        assert (await run(box, "inspect"))["objects"] == []
        wait_until(lambda: not is_running(daemon), "the front ends what it inherited", 10)


@pytest.fixture
def rooted(folder: Path) -> Iterator[tuple[RunningPod, str]]:
    """A pod as in our image, and the beginning of a step there: folders that one child has after the other."""
    root = folder / "root"
    for name in ("workspace", "tmp", "scratch"):
        (own_by_container_user(root / name) / "of-a-front-before").touch()
    options = ("--call-limit", "20", "--child-root", str(root))
    with running_pod(folder / "pod", *options, contained=True, cache=folder / "pod" / "cache") as pod:
        yield pod, f"import os, tempfile\nROOT, POD = {str(root)!r}, {str(pod.workspace)!r}\n"


@pytest.mark.heavy
async def test_what_one_child_leaves_is_gone_for_the_next(rooted: tuple[RunningPod, str]) -> None:
    pod, begin = rooted
    async with pod.toolbox() as box:
        assert (await run(box, "run_python", code=begin + "print(os.getcwd() == ROOT + '/workspace')"))["stdout"] == (
            "True\n"
        )
        assert (await run(box, "run_python", code=begin + _FOUND))["stdout"] == "[]\n"
        await run(box, "run_python", code=begin + _LEAVE)
        assert "left" in (await run(box, "run_python", code=begin + _FOUND))["stdout"], "they last as long as the child"
        await box.call("run_python", {"code": begin + _LEAVE_CLOSED})
        assert (await run(box, "run_python", code=begin + _FOUND))["stdout"] == "[]\n"
        assert (pod.workspace / "exports").is_dir(), "what a link leads to stays"


@pytest.mark.heavy
async def test_a_child_reaches_neither_the_front_s_folders_nor_the_spare_s(rooted: tuple[RunningPod, str]) -> None:
    pod, begin = rooted
    async with pod.toolbox() as box:
        wait_until(lambda: len(list(pod.workspace.glob("children/*/tmp/home"))) == 2, "the spare's folder", 60)
        folders = [str(each) for each in pod.workspace.glob("children/*")]
        said = (await run(box, "run_python", code=f"{begin}SPARES = {folders}\n{_OF_OTHERS}"))["stdout"]
        assert said == "refused\n" * 7


@pytest.mark.heavy
async def test_its_folders_count_for_the_child_at_work_and_not_for_the_spare(rooted: tuple[RunningPod, str]) -> None:
    pod, begin = rooted
    async with pod.toolbox() as box:
        wait_until(lambda: len(list(pod.workspace.glob("children/*/tmp/home"))) == 2, "the spare's folder", 60)
        before = set(pod.workspace.glob("children/*"))
        lost = await box.call(
            "run_python", {"code": begin + "for n in range(10**7): open(f'{ROOT}/tmp/{n}', 'w').close()"}
        )
        assert "more than its 50000 files" in lost.content[0]["text"]
        assert len(before & set(pod.workspace.glob("children/*"))) == 1, "the spare took over"
        assert (await run(box, "run_python", code=begin + _FOUND))["stdout"] == "[]\n"


def test_a_root_that_would_empty_other_folders_is_refused(folder: Path) -> None:
    code, said = _start(folder, "--child-root", str(folder / "root"))
    assert code == 1
    assert "needs a folder" in said
    for name in ("workspace", "tmp", "scratch"):
        own_by_container_user(folder / "pod" / name)
    (folder / "pod" / "tmp").rmdir()
    (folder / "pod" / "tmp").symlink_to(folder)
    code, said = _start(folder, "--child-root", str(folder / "pod"))
    assert code == 1
    assert "must not lie in" in said


def _daemon_of(pod: RunningPod) -> int:
    """The process that a step is leaving, as it wrote it down."""
    found: list[Path] = []
    wait_until(lambda: bool(found.extend(pod.workspace.glob("children/*/workspace/daemon")) or found), "a daemon", 30)
    wait_until(lambda: bool(found[0].read_text()), "its number", 10)
    return int(found[0].read_text())


def test_a_seed_gives_its_shaders_to_a_processor_like_its_own_alone(tmp_path: Path) -> None:
    seed = PodCache(tmp_path / "seed")
    seed.keep_shaders(b"shaders")
    seed.keep_api_index(b"index")
    alike = PodCache(tmp_path / "alike")
    alike.take_over(seed.folder)
    assert alike.has_shaders
    assert alike.api_index() == b"index"
    (seed.folder / "shaders.processor").write_text("another")
    other = PodCache(tmp_path / "other")
    other.take_over(seed.folder)
    assert not other.has_shaders
    assert other.has_api_index
    PodCache(tmp_path / "third").take_over(tmp_path / "none")
