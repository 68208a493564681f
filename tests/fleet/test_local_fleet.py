"""What is the local fleet's own: warm spares, a bare environment, and nothing left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cloud.agent.toolbox import McpToolbox
from cloud.fleet.contract import PodNotReady
from cloud.fleet.local import LocalFleet
from tests.blender.pod_process import CACHE, processes_with, run, wait_until

pytestmark = pytest.mark.blender


@asynccontextmanager
async def _fleet(root: Path, *, spares: int = 0, refill_delay_s: float = 60.0) -> AsyncIterator[LocalFleet]:
    _lend_shaders(root)
    fleet = LocalFleet(root, spares=spares, refill_delay_s=refill_delay_s)
    await fleet.start()
    try:
        yield fleet
    finally:
        await fleet.aclose()


async def test_the_warm_spare_goes_to_the_next_user_and_is_replaced(tmp_path: Path) -> None:
    async with _fleet(tmp_path, spares=1, refill_delay_s=0) as fleet:
        await asyncio.to_thread(wait_until, lambda: bool(_pods(tmp_path)), "a spare starts")
        [spare] = _pods(tmp_path)
        assert (await fleet.acquire("ann")).pod == spare
        await asyncio.to_thread(wait_until, lambda: len(_pods(tmp_path)) == 2, "a new spare starts")
    assert processes_with(str(tmp_path)) == {}
    assert os.listdir(tmp_path) == ["cache"]


async def test_a_pod_knows_nothing_of_the_backends_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.setenv(name, "secret")
    async with _fleet(tmp_path) as fleet:
        endpoint = await fleet.acquire("ann")
        async with McpToolbox(endpoint.base_url, endpoint.bearer) as box:
            seen = await run(box, "run_python", code="import os, pathlib\nprint(dict(os.environ))")
        environments = _environments(endpoint.pod)
        assert len(environments) >= 2  # front and child
        assert not [environment for environment in environments if b"secret" in environment]
    assert "secret" not in seen["stdout"]
    assert str(tmp_path) not in seen["stdout"]


async def test_a_pod_that_does_not_come_up_is_told_with_its_reason(tmp_path: Path) -> None:
    fleet = LocalFleet(tmp_path, spares=0, ready_limit_s=0.05)
    with pytest.raises(PodNotReady, match="was not ready after 0 s"):
        await fleet.acquire("ann")
    assert processes_with(str(tmp_path)) == {}
    await fleet.aclose()
    with pytest.raises(PodNotReady, match="closed"):
        await fleet.acquire("ann")


async def test_a_blender_that_cannot_start_is_told_in_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken"
    (broken / "cloud").mkdir(parents=True)
    (broken / "cloud" / "__init__.py").touch()
    monkeypatch.setattr("cloud.fleet.local_pod._PACKAGE_ROOT", broken)
    async with _fleet(tmp_path / "root") as fleet:
        with pytest.raises(PodNotReady, match=r"it ended at once.*No module named"):
            await fleet.acquire("ann")
    assert processes_with(str(tmp_path)) == {}


def test_a_backend_that_is_killed_leaves_no_process_and_the_next_one_tidies_up(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom cloud.fleet.local import LocalFleet\n"
        "async def main():\n"
        "    fleet = LocalFleet(Path(sys.argv[1]), spares=0)\n"
        "    print((await fleet.acquire('ann')).pod, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "root")], stdout=subprocess.PIPE, env=environment
    ) as backend:
        assert backend.stdout
        pod = backend.stdout.readline().decode().strip()
        assert processes_with(pod)
        backend.send_signal(signal.SIGKILL)
    wait_until(lambda: not processes_with(pod), "the pod ends")
    asyncio.run(_start_and_close(tmp_path / "root"))
    assert os.listdir(tmp_path / "root") == ["cache"]


async def _start_and_close(root: Path) -> None:
    async with _fleet(root):
        pass


def _lend_shaders(root: Path) -> None:
    """Spare a new fleet the seconds of a first start."""
    if CACHE.is_dir() and root.is_dir() and not os.listdir(root):
        (root / "cache").symlink_to(CACHE)


def _pods(root: Path) -> list[str]:
    return [path.name for path in root.glob("fleet-*/pod-*")]


def _environments(pod: str) -> list[bytes]:
    return [Path(f"/proc/{pid}/environ").read_bytes() for pid in processes_with(pod)]
