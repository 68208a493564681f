"""What comes home of a finished scene when one of its files cannot be made."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from cloud.agent.contract import ToolResult
from cloud.fleet.contract import Fleet
from tests.jobs.notebook_pod import NotebookPod
from tests.jobs.resume_bench import Bench, open_bench
from tests.support.scripted_messages import calls, finishes


class PodWithoutGlb(NotebookPod):
    """Its scenes cannot be written as glTF."""

    async def export(self, file_format: str) -> tuple[ToolResult, list[tuple[str, bytes]]]:
        if file_format == "glb":
            return ToolResult([{"type": "text", "text": "A scale is infinite."}], is_error=True), []
        return await super().export(file_format)


class PodWithLostCamera(NotebookPod):
    """The camera of its scenes looks away."""

    async def call_surely(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        seen = await self.call(name, arguments)
        if arguments.get("fallback"):
            assert arguments["views"] == ["camera"]
            seen.structured["camera_unfit"] = "shows next to nothing of the scene"
        return seen


@pytest_asyncio.fixture
async def bench(
    database_url: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bench]:
    monkeypatch.setattr("cloud.jobs.work.PodToolbox", PodWithoutGlb)
    no_fleet: Fleet = None  # type: ignore[assignment]
    script = [calls(("run_python", {"code": "tower"})), finishes("A tower stands.")]
    async with open_bench(database_url, tmp_path_factory.mktemp("deliver"), no_fleet, script, ["obj"]) as opened:
        yield opened


async def test_a_file_that_cannot_be_made_costs_that_file_alone(bench: Bench) -> None:
    job_id = await bench.new_job(quality="draft")
    with pytest.raises(AssertionError, match="The glb file could not be made"):  # what ended the attempt
        await bench.attempt(job_id)
    seen = await bench.seen(job_id)
    names = {name for _, name, _ in seen["files"]}
    assert {"preview.png", "scene.blend", "scene.obj", "script.py"} <= names
    assert "scene.glb" not in names


async def test_a_preview_that_is_not_the_cameras_is_said_to_be_none(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.jobs.work.PodToolbox", PodWithLostCamera)
    job_id = await bench.new_job(quality="draft")
    await bench.attempt(job_id)
    texts = [event["text"] for event in await bench.told(job_id) if event["type"] == "text"]
    told = "The preview is from three quarters: the scene's camera shows next to nothing of the scene."
    assert texts.count(told) == 1
    assert "preview.png" in {name for _, name, _ in (await bench.seen(job_id))["files"]}
