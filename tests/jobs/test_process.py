"""`python -m cloud.jobs` as a process: the offline modeller end to end, kills, and stops."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from cloud.db.engine import Database
from cloud.db.models import Job
from cloud.jobs.events import AnyEvent
from tests.blender.pod_process import CACHE
from tests.jobs.conftest import Account, until
from tests.support.scripted_messages import MessagesApi, finishes, hangs, scripted_messages

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


async def test_job_of_a_killed_runner_is_finished_by_another_and_nothing_is_left(
    tmp_path: Path, owner: Account, database_url: str
) -> None:
    hang = hangs()
    async with scripted_messages(hang) as api:
        claude = {"ANTHROPIC_API_KEY": "sk-ant-secret", "ANTHROPIC_BASE_URL": api.base_url, "P2M_REVIEW": "0"}
        with runner_process(tmp_path, database_url, **claude) as first:
            job_id = await owner.post("a chair")
            waiting = await owner.post("a dragon")
            await asyncio.wait_for(hang.began.wait(), 60)
            assert pods_of(tmp_path)
            first.send_signal(signal.SIGKILL)
            first.wait(5)
        await until(lambda: _gone(tmp_path), 10)
    with runner_process(tmp_path, database_url) as second:
        job = await owner.ended(job_id)
        assert (job.state, job.attempt) == ("succeeded", 2), job.error
        assert handed_over(await owner.events(job_id)) == ["runner_lost"]
        after = await owner.ended(waiting)
        assert after.error is not None
        assert after.error["code"] == "nothing_built"
        second.terminate()
        assert second.wait(15) == 0
    assert pods_of(tmp_path) == []
    assert "sk-ant-secret" not in (tmp_path / "runner.log").read_text()


@pytest.mark.heavy
async def test_other_runner_takes_over_within_ten_seconds_of_a_kill(
    tmp_path: Path, owner: Account, database_url: str
) -> None:
    async with scripted_messages(hangs(), hangs()) as api:
        claude = {"ANTHROPIC_API_KEY": "sk", "ANTHROPIC_BASE_URL": api.base_url, "P2M_REVIEW": "0"}
        with runner_process(tmp_path, database_url, **claude) as first:
            job_id = await owner.post("a chair")
            await until(lambda: _called(api), 60)
            with runner_process(tmp_path, database_url, **claude):
                await until(lambda: _logged(tmp_path, "runner ready", 2), 30)
                first.kill()
                await until(lambda: _attempt(owner, job_id, 2), 10)
                await owner.cancel(job_id)
                await owner.ended(job_id)


@pytest.mark.heavy
async def test_stopped_runner_hands_its_job_to_another_with_one_note(
    tmp_path: Path, owner: Account, database_url: str
) -> None:
    async with scripted_messages(hangs(), finishes("done", built=False)) as api:
        claude = {
            "ANTHROPIC_API_KEY": "sk",
            "ANTHROPIC_BASE_URL": api.base_url,
            "P2M_REVIEW": "0",
            "P2M_RUNNER_GRACE_S": "0.5",
        }
        with runner_process(tmp_path, database_url, **claude) as first:
            job_id = await owner.post("a chair")
            await until(lambda: _called(api), 60)
            with runner_process(tmp_path, database_url, **claude):
                first.terminate()
                assert first.wait(15) == 0
                job = await owner.ended(job_id)
    assert (job.attempt, job.stalls) == (2, 0)
    assert handed_over(await owner.events(job_id)) == ["deploy"]


@pytest.mark.heavy
async def test_runner_that_was_frozen_writes_nothing_when_it_wakes(
    tmp_path: Path, owner: Account, database_url: str
) -> None:
    async with scripted_messages(hangs(), hangs(), hangs()) as api:
        claude = {"ANTHROPIC_API_KEY": "sk", "ANTHROPIC_BASE_URL": api.base_url, "P2M_REVIEW": "0"}
        with runner_process(tmp_path, database_url, **claude) as first:
            job_id = await owner.post("a chair")
            await until(lambda: _called(api), 60)
            first.send_signal(signal.SIGSTOP)
            try:
                with runner_process(tmp_path, database_url, **claude):
                    await until(lambda: _attempt(owner, job_id, 2), 60)
                    before = len(await owner.events(job_id))
                    first.send_signal(signal.SIGCONT)
                    await until(lambda: _logged(tmp_path, "is another's by now"), 20)
                    assert first.poll() is None
                    await owner.cancel(job_id)
                    await owner.ended(job_id)
            finally:
                first.send_signal(signal.SIGCONT)
    after = [event.type for event in (await owner.events(job_id))[before:]]
    assert after.count("job.finished") == 1
    assert "job.handed_over" not in after


@pytest.mark.heavy
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


def handed_over(events: Sequence[AnyEvent]) -> list[str]:
    return [event.reason for event in events if event.type == "job.handed_over"]


async def _attempt(owner: Account, job_id: UUID, number: int) -> Job | None:
    job = await owner.job(job_id)
    return job if job.attempt >= number and job.state == "running" else None


async def _called(api: MessagesApi) -> bool:
    return bool(api.requests)


async def _logged(folder: Path, words: str, times: int = 1) -> bool:
    return (folder / "runner.log").read_text().count(words) >= times
