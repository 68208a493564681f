"""A reviewed job whose attempt dies after any of its writes ends as an undisturbed one, and no call is made twice."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from cloud.fleet.contract import Fleet
from tests.jobs.notebook_pod import NotebookPod
from tests.jobs.resume_bench import Bench, is_review, open_bench, turns_in
from tests.jobs.review.verdicts import FAULTY, GOOD, WORSE, reviewed
from tests.support.scripted_messages import Reply, calls, finishes, says

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Built, with a call beside `finish`; mended for the worse, which is rolled back; mended well.
SCRIPT = [
    calls(("run_python", {"code": "tower"}), ("finish", {"summary": "A tower.", "built": True, "not_built": []})),
    calls(("run_python", {"code": "ruin"}), ("run_python", {"code": "rubble"})),
    finishes("A ruin."),
    calls(("run_python", {"code": "roof"})),
    finishes("A tower with a roof."),
]
# By what stands in the scene: the first answer about a tower alone cannot be read.
VERDICTS = {1: FAULTY, 3: WORSE, 2: GOOD}
WRITES = 46
# Right after: the first call, the unread answer, the first verdict, the mend's turn, the roll-back, the second mend.
BY_DEFAULT = (10, 12, 13, 15, 28)


def answer(body: dict[str, Any]) -> Reply:
    """The reviewer's answer to what it is shown."""
    question = str(body["messages"])
    objects = next(count for count in VERDICTS if f"Parts (inspect):\\n{count} object" in question)
    if objects == 1 and "<fault>" not in question:
        return says("A fine tower!")
    return reviewed(VERDICTS[objects])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    no_fleet: Fleet = None  # type: ignore[assignment]
    folder = tmp_path_factory.mktemp("resume-review")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cloud.jobs.work.PodToolbox", NotebookPod)
        async with open_bench(database_url, folder, no_fleet, SCRIPT, ["blend"], review=answer) as opened:
            yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def undisturbed(bench: Bench) -> tuple[int, dict[str, Any]]:
    """How many writes a job takes, and all that is kept of it."""
    job_id = await bench.new_job()
    writes = await bench.attempt(job_id)
    assert len(bench.api.requests) == len(SCRIPT) + 4
    seen = await bench.seen(job_id)
    assert [key for key, _ in seen["consulted"]] == ["review-1", "review-1-unread", "review-2", "review-3"]
    assert seen["scene"] == 4, "the step after those that were rolled back"
    return writes, seen


@pytest.mark.parametrize(
    "death",
    [pytest.param(n, marks=() if n in BY_DEFAULT else pytest.mark.heavy) for n in range(1, WRITES)],
)
async def test_death_after_any_write_changes_nothing(
    bench: Bench, undisturbed: tuple[int, dict[str, Any]], death: int
) -> None:
    writes, expected = undisturbed
    assert writes == WRITES
    job_id = await bench.new_job()
    assert await bench.attempt(job_id, death) == death
    before = await bench.seen(job_id)
    bench.api.requests.clear()
    await bench.attempt(job_id)
    paid = sum(row[1] is not None for row in before["usage"])
    assert sum(is_review(body) for body in bench.api.requests) == 4 - paid
    turns = [turns_in(body) for body in bench.api.requests if not is_review(body)]
    assert turns == list(range(sum(row[1] is None for row in before["usage"]), len(SCRIPT)))
    assert await bench.seen(job_id) == expected


async def test_runner_that_drains_asks_nothing_twice(bench: Bench, undisturbed: tuple[int, dict[str, Any]]) -> None:
    job_id = await bench.new_job()
    while (await bench.account.job(job_id)).state != "succeeded":
        await bench.attempt(job_id, draining=True)
    assert await bench.seen(job_id) == undisturbed[1]
    assert len(bench.api.requests) == len(SCRIPT) + 4
