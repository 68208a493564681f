"""`python -m cloud.jobs` as a process: the offline modeller end to end, kills, and stops."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cloud.db.engine import Database
from tests.blender.pod_process import CACHE
from tests.jobs.conftest import Account, until
from tests.support.scripted_messages import Hang, scripted_messages

pytestmark = pytest.mark.blender


@pytest.fixture
async def owner(database: Database) -> Account:
    return await Account.create(database)


@contextmanager
def runner_process(folder: Path, database_url: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A runner as the supervisor starts it; ended with the block if it still runs."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ANTHROPIC_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "cloud.jobs"],
        env={
            **inherited,
            "P2M_DATA_DIR": str(folder),
            "P2M_POD_CACHE_DIR": str(CACHE),
            "DATABASE_URL": database_url,
            **environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "runner.log").open("ab"),
        process_group=0,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def pods_of(folder: Path) -> list[int]:
    """The living processes that were started for this data folder, the runner itself left out."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(folder / "pods").encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:  # it has ended meanwhile
            continue
    return found


async def test_killed_runner_blocks_nothing_and_leaves_nothing(
    tmp_path: Path, owner: Account, database_url: str
) -> None:
    hang = Hang()
    async with scripted_messages(hang) as api:
        claude = {"ANTHROPIC_API_KEY": "sk-ant-secret", "ANTHROPIC_BASE_URL": api.base_url}
        with runner_process(tmp_path, database_url, **claude) as first:
            job_id = await owner.post("a chair")
            waiting = await owner.post("a dragon")
            await asyncio.wait_for(hang.began.wait(), 60)
            assert pods_of(tmp_path)
            first.send_signal(signal.SIGKILL)
            first.wait(5)
        await until(lambda: _gone(tmp_path), 10)
    with runner_process(tmp_path, database_url) as second:
        job = await owner.in_state(job_id, "failed", deadline_s=30)
        assert job.error is not None
        assert job.error["code"] == "interrupted"
        after = await owner.ended(waiting)
        assert after.error is not None
        assert after.error["code"] == "nothing_built"
        second.terminate()
        assert second.wait(15) == 0
    assert pods_of(tmp_path) == []
    assert "sk-ant-secret" not in (tmp_path / "runner.log").read_text()


async def test_offline_modeller_builds_without_a_key(tmp_path: Path, owner: Account, database_url: str) -> None:
    with runner_process(tmp_path, database_url):
        job_id = await owner.post("a red wooden chair and a unicorn")
        job = await owner.ended(job_id)
    assert job.state == "succeeded", job.error
    assert job.result is not None
    assert job.result["model"] == "offline-modeller"
    assert job.result["usage"]["usd"] == 0
    assert "unicorn" in " ".join(job.result["not_built"])
    assert {"scene.blend", "scene.glb", "preview.png", "script.py"} <= set(await owner.artifacts(job_id))


async def _gone(folder: Path) -> bool:
    return not pods_of(folder)
