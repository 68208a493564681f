"""A job whose attempt dies after any of its writes ends as an undisturbed one: the next attempt goes on from there."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from cloud.fleet.contract import Fleet
from tests.jobs.notebook_pod import NotebookPod
from tests.jobs.resume_bench import Bench, open_bench, turns_in
from tests.support.scripted_messages import calls, finishes

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCRIPT = [
    calls(
        ("run_python", {"code": "tower", "title": "A tower"}),
        ("run_python", {"code": "raise", "title": "Fails"}),
        ("run_python", {"code": "roof"}),
        text="First the tower.",
    ),
    calls(("look", {})),
    calls(("run_python", {"code": "door"})),
    finishes("A tower stands."),
]
# Of an undisturbed job: the death after each but the last is tried.
WRITES = 33


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    no_fleet: Fleet = None  # type: ignore[assignment]
    folder = tmp_path_factory.mktemp("resume")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cloud.jobs.work.PodToolbox", NotebookPod)
        async with open_bench(database_url, folder, no_fleet, SCRIPT, ["obj"]) as opened:
            yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def undisturbed(bench: Bench) -> tuple[int, dict[str, Any]]:
    """How many writes a job takes, and all that is kept of it."""
    job_id = await bench.new_job()
    writes = await bench.attempt(job_id)
    assert len(bench.api.requests) == len(SCRIPT)
    return writes, await bench.seen(job_id)


@pytest.mark.parametrize("death", range(1, WRITES))
async def test_death_after_any_write_changes_nothing(
    bench: Bench, undisturbed: tuple[int, dict[str, Any]], death: int
) -> None:
    writes, expected = undisturbed
    assert writes == WRITES
    job_id = await bench.new_job()
    assert await bench.attempt(job_id, death) == death
    answers = await bench.answers(job_id)
    bench.api.requests.clear()
    await bench.attempt(job_id)
    assert [turns_in(body) for body in bench.api.requests] == list(range(answers, len(SCRIPT)))
    assert await bench.seen(job_id) == expected


async def test_runner_that_drains_lets_go_after_each_turn_step_and_file(
    bench: Bench, undisturbed: tuple[int, dict[str, Any]]
) -> None:
    job_id = await bench.new_job()
    attempts = 0
    while (await bench.account.job(job_id)).state != "succeeded":
        await bench.attempt(job_id, draining=True)
        attempts += 1
    turns, steps, deliveries = 4 + 4, 5, 5
    assert attempts == turns + steps + deliveries + 1
    assert await bench.seen(job_id) == undisturbed[1]
    assert len(bench.api.requests) == len(SCRIPT)


async def test_an_import_that_dies_after_any_write_ends_as_an_undisturbed_one(bench: Bench) -> None:
    undisturbed = await bench.new_import("tower.obj")
    writes = await bench.attempt(undisturbed)
    expected = await bench.seen(undisturbed)
    assert expected["job"][:2] == ("succeeded", "finished")
    assert len(expected["steps"]) == len(expected["snapshots"]) == 1
    for death in range(1, writes):
        job_id = await bench.new_import("tower.obj")
        assert await bench.attempt(job_id, death) == death
        await bench.attempt(job_id)
        assert await bench.seen(job_id) == expected, f"after write {death} of {writes}"
