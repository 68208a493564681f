"""A tool call of a user's own agent as a job: whatever dies meanwhile, it is run once and kept whole."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from cloud.db.models import Job
from cloud.errors import InvalidInput
from cloud.fleet.contract import Fleet
from cloud.jobs.calls.requests import request_call
from cloud.jobs.history.moves import SceneBusy, lock_scene
from cloud.jobs.history.scripts import script_of
from cloud.jobs.queries import get_job, project_of
from cloud.settings import Settings
from tests.jobs.conftest import Account
from tests.jobs.notebook_pod import NotebookPod
from tests.jobs.resume_bench import Bench, open_bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

RUN = {"tool": "run_python", "title": "A tower", "arguments": {"code": "tower = 1", "title": "A tower"}}
LOOK = {"tool": "look", "title": "Look at the scene", "arguments": {}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    no_fleet: Fleet = None  # type: ignore[assignment]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cloud.jobs.work.PodToolbox", NotebookPod)
        async with open_bench(database_url, tmp_path_factory.mktemp("calls"), no_fleet, [], []) as opened:
            yield opened


async def new_call(bench: Bench, request: dict[str, Any]) -> UUID:
    """A project with one queued call."""
    job_id = await bench.new_job()
    async with bench.account.database.sessions() as session, session.begin():
        job = await get_job(session, job_id)
        job.kind, job.prompt, job.request = "call", "", {**request, "formats": []}
    return job_id


@pytest.mark.parametrize("request_", [RUN, LOOK], ids=["run_python", "look"])
async def test_a_call_that_dies_after_any_write_ends_as_an_undisturbed_one(
    bench: Bench, request_: dict[str, Any]
) -> None:
    undisturbed = await new_call(bench, request_)
    writes = await bench.attempt(undisturbed)
    expected = await bench.seen(undisturbed)
    assert expected["job"][:2] == ("succeeded", "finished")
    changes = request_ is RUN
    assert (len(expected["steps"]), len(expected["snapshots"])) == (1, int(changes))
    assert expected["pictured"] == ({1: (True, True)} if changes else {})
    for death in range(1, writes):
        job_id = await new_call(bench, request_)
        assert await bench.attempt(job_id, death) == death
        await bench.attempt(job_id)
        assert await bench.seen(job_id) == expected, f"after write {death} of {writes}"
    assert not bench.api.requests, "no model is asked"


async def test_a_step_that_fails_is_an_answer_and_leaves_the_scene(bench: Bench) -> None:
    job_id = await new_call(bench, {**RUN, "arguments": {"code": "raise"}})
    await bench.attempt(job_id)
    seen = await bench.seen(job_id)
    assert seen["job"][0] == "succeeded"
    assert seen["snapshots"] == []
    assert seen["steps"][0][5]["is_error"]
    job = await bench.account.job(job_id)
    assert job.result is not None
    assert job.result["summary"] == "A tower: it failed"


async def test_the_script_of_the_scene_holds_the_step(bench: Bench) -> None:
    job_id = await new_call(bench, RUN)
    await bench.attempt(job_id)
    async with bench.account.database.sessions() as session:
        project = await project_of(session, await get_job(session, job_id))
        assert project.head_snapshot_id is not None
        script = await script_of(session, project.head_snapshot_id)
    assert "# --- Step 1: A tower ---" in script
    assert "tower = 1" in script


async def queued(bench: Bench, tool: str, arguments: dict[str, Any]) -> tuple[Account, Job]:
    account = await Account.create(bench.account.database)
    async with account.database.sessions() as session, session.begin():
        project = await project_of(session, Job(project_id=account.project_id))
        return account, await request_call(session, project, tool, arguments, Settings())


@pytest.mark.parametrize("tool", ["look", "run_python"])
async def test_only_a_call_that_changes_the_scene_holds_it(bench: Bench, tool: str) -> None:
    account, _ = await queued(bench, tool, {"code": "1"} if tool == "run_python" else {})
    async with account.database.sessions() as session, session.begin():
        if tool == "look":
            await lock_scene(session, account.project_id, None)
        else:
            with pytest.raises(SceneBusy):
                await lock_scene(session, account.project_id, None)


async def test_text_that_no_database_keeps_is_made_readable(bench: Bench) -> None:
    _, job = await queued(bench, "run_python", {"code": "print('\0\ud800')", "title": " \0 "})
    assert job.request["arguments"]["code"] == "print('\ufffd\ufffd')"
    assert job.request["title"] == "\ufffd"


async def test_no_other_tool_is_called(bench: Bench) -> None:
    with pytest.raises(InvalidInput, match="There is no tool 'export' to call"):
        await queued(bench, "export", {"format": "glb"})
