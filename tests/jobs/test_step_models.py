"""Models of steps for the 3D viewer: what is kept and told of them, and what one that cannot be made costs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import delete

from cloud.agent.contract import ToolResult
from cloud.db.models import Artifact, Job, Snapshot
from cloud.errors import NotFound
from cloud.fleet.contract import Fleet
from cloud.jobs.events import ModelReady
from cloud.jobs.queries import get_job
from cloud.jobs.step_models import BYTES_AT_MOST, StepModel, Unshown, make_model
from cloud.jobs.thumbnails import PhotographedToolbox
from tests.jobs.notebook_pod import EXTENT, NotebookPod
from tests.jobs.resume_bench import Bench, open_bench
from tests.support.scripted_messages import calls, finishes

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCRIPT = [calls(("run_python", {"code": "tower"})), calls(("run_python", {"code": "roof"})), finishes()]


def failed(kind: str, text: str, *, retryable: bool = False) -> ToolResult:
    facts = {"type": kind, "message": text, "retryable": retryable}
    return ToolResult([{"type": "text", "text": text}], is_error=True, structured={"error": facts})


TOO_MUCH = failed("too_much_to_view", "The scene has more than 1,500,000 triangles, too many for the 3D view.")
DIED = failed("step_lost", "Blender died.", retryable=True)


class PodWithModels(NotebookPod):
    """What `answer` says is what an export for the viewer gives, where it says anything."""

    answer: ToolResult | None = None

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        if name == "export" and self.answer is not None:
            return self.answer
        return await super().call(name, arguments)

    call_surely = call


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    no_fleet: Fleet = None  # type: ignore[assignment]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cloud.jobs.work.PodToolbox", PodWithModels)
        async with open_bench(database_url, tmp_path_factory.mktemp("models"), no_fleet, SCRIPT, []) as opened:
            yield opened


@pytest.fixture(autouse=True)
def healthy_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PodWithModels, "answer", None)


async def models_told(bench: Bench, job_id: UUID) -> list[ModelReady]:
    return [event for event in await bench.account.events(job_id) if isinstance(event, ModelReady)]


async def test_each_step_has_its_model_and_an_event_that_says_what_it_shows(bench: Bench) -> None:
    job_id = await bench.new_job()
    await bench.attempt(job_id)
    first, second = await models_told(bench, job_id)
    files = await bench.account.artifacts(job_id)
    assert (first.step, second.step) == (1, 2)
    assert second.artifact_id == files["step-002.glb"].id
    assert (second.bytes, second.triangles, second.extent) == (files["step-002.glb"].bytes, 24, EXTENT)
    assert files["step-002.glb"].kind == "model"
    assert (await bench.seen(job_id))["pictured"] == {1: (True, True), 2: (True, True)}


async def test_a_scene_too_large_for_the_viewer_is_told_once_however_often_the_job_is_resumed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PodWithModels, "answer", TOO_MUCH)
    undisturbed = await bench.new_job()
    writes = await bench.attempt(undisturbed)
    expected = await bench.seen(undisturbed)
    told = await models_told(bench, undisturbed)
    assert [(one.artifact_id, one.reason) for one in told] == [(None, TOO_MUCH.content[0]["text"])] * 2
    for death in range(writes - 5, writes - 2):
        job_id = await bench.new_job()
        await bench.attempt(job_id, death)
        await bench.attempt(job_id)
        assert await bench.seen(job_id) == expected, f"after write {death} of {writes}"


async def test_a_model_that_blender_dies_of_costs_no_picture_and_is_not_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PodWithModels, "answer", DIED)
    job_id = await bench.new_job()
    await bench.attempt(job_id)
    assert await models_told(bench, job_id) == []
    seen = await bench.seen(job_id)
    assert seen["job"][:2] == ("succeeded", "finished")
    assert seen["pictured"] == {1: (True, False), 2: (True, False)}


async def test_a_model_that_is_no_longer_kept_is_made_again_once_whatever_dies(bench: Bench) -> None:
    built = await bench.new_job()
    await bench.attempt(built)
    account, writes = bench.account, 10**6
    for death in range(1, 10):
        gone = (await models_told(bench, built))[0]
        async with account.database.sessions.begin() as session:
            await session.execute(delete(Artifact).where(Artifact.id.in_(await _models_of(bench, gone.snapshot_id))))
            origin = await get_job(session, built)
            request = {"formats": [], "snapshot_id": str(gone.snapshot_id), "model": True}
            job = Job(id=uuid4(), user_id=origin.user_id, project_id=origin.project_id, kind="export", request=request)
            session.add(job)
        writes = await bench.attempt(job.id, death)
        await bench.attempt(job.id)
        [told] = await models_told(bench, job.id)
        assert (told.snapshot_id, told.step, told.triangles) == (gone.snapshot_id, 1, 12)
        assert [told.artifact_id] == await _models_of(bench, gone.snapshot_id)
        assert (await account.job(job.id)).state == "succeeded"
        if writes < death:
            break
    assert 3 <= writes < 9


async def _models_of(bench: Bench, snapshot_id: UUID) -> list[UUID]:
    async with bench.account.database.sessions() as session:
        snapshot = await session.get_one(Snapshot, snapshot_id)
        return [snapshot.model_id] if snapshot.model_id else []


class Pod:
    """A pod whose exports give what the test says; `exports` counts them."""

    def __init__(self, *answers: ToolResult) -> None:
        self.answers = list(answers)
        self.exports = 0
        self.drawing = asyncio.Event()

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        if name == "look":
            await self.drawing.wait()
        if name != "export":
            return ToolResult([])
        assert arguments == {"format": "glb", "name": "step", "viewer": True}
        self.exports += 1
        return self.answers.pop(0)

    async def download_export(self, name: str) -> bytes:
        if name != "step.glb":
            raise NotFound("file", name)
        return b"glTF"


class Recorder:
    """Keeps models in a list."""

    triangles = objects = 0

    def __init__(self) -> None:
        self.kept: list[StepModel] = []

    async def add_model(self, snapshot_id: UUID, step: int, model: StepModel) -> None:
        self.kept.append(model)

    async def head_to_show(self) -> Unshown:
        return Unshown(uuid4(), 1, picture=True, model=True)


def exported(**facts: Any) -> ToolResult:
    return ToolResult([], structured={"file": "step.glb", "bytes": 4, "triangles": 12, **facts})


@pytest.mark.parametrize(
    "extent",
    [None, [], [[0, 0, 0]], [[0, 0], [1, 1]], [[0, 0, "0"], [1, 1, 1]], [[0, 0, None], [1, 1, 1]], {"0": 1}],
    ids=str,
)
async def test_a_box_that_is_none_is_not_passed_on(extent: object) -> None:
    model = await make_model(Pod(exported(extent=extent, triangles="many")))  # type: ignore[arg-type]
    assert (model.content, model.extent, model.triangles) == (b"glTF", None, 0)


async def test_a_file_beyond_the_limit_is_not_fetched() -> None:
    model = await make_model(Pod(exported(bytes=BYTES_AT_MOST + 1)))  # type: ignore[arg-type]
    assert model.content is None
    assert "too large" in model.reason


@pytest.mark.parametrize(("triangles", "objects", "made"), [(99_999, 9, 1), (100_001, 9, 0), (9, 201, 0)])
async def test_a_call_that_waits_already_waits_for_the_model_of_a_small_scene_alone(
    triangles: int, objects: int, made: int
) -> None:
    pod, recorder = Pod(exported(), exported()), Recorder()
    recorder.triangles, recorder.objects = triangles, objects
    toolbox = PhotographedToolbox(pod, recorder)  # type: ignore[arg-type]
    toolbox.take(uuid4(), 1)
    step = asyncio.create_task(toolbox.call("run_python", {}))
    await asyncio.sleep(0)
    pod.drawing.set()
    await step
    assert (pod.exports, len(recorder.kept)) == (made, made)
    # Nobody waits at the end: what is missing is made then.
    await toolbox.take_missing()
    await toolbox.settle()
    assert pod.exports == made + 1


async def test_after_two_deaths_in_a_row_blender_is_asked_for_no_more_models() -> None:
    pod, recorder = Pod(DIED, exported(), DIED, DIED), Recorder()
    toolbox = PhotographedToolbox(pod, recorder)  # type: ignore[arg-type]
    pod.drawing.set()
    for step in range(6):
        toolbox.take(uuid4(), step)
        await toolbox.settle()
    assert (pod.exports, len(recorder.kept)) == (4, 1)
