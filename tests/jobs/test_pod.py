"""What a job sees of a pod that dies, hangs or does not start: as little as can be. The pods here are scripted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

import pytest

from cloud.agent.contract import ToolResult
from cloud.agent.toolbox import ToolboxLost
from cloud.fleet.contract import Endpoint, PodNotReady
from cloud.jobs.pod import EMPTY_SCENE, History, PodLost, PodToolbox
from cloud.jobs.pod_wait import acquire_told
from cloud.storage.store import ArtifactMissing, ArtifactStore

DONE = ToolResult([{"type": "text", "text": "done"}])
Play = ToolResult | Exception | Callable[[], Awaitable[ToolResult]]


def failed(**facts: Any) -> ToolResult:
    return ToolResult([], is_error=True, structured={"error": {"type": "step_lost", "message": "…", **facts}})


DIED, TOO_LONG = failed(retryable=True), failed(retryable=False)


@dataclass
class Pods:
    """A fleet, and what its pods play: one entry for each call but those that load the scene."""

    script: list[Play] = field(default_factory=list)
    starts: list[Exception | None] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    stopped: int = 0
    uploaded: list[str] = field(default_factory=list)
    hangs_at_close: bool = False
    histories: list[Any] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    released: int = 0

    async def acquire(self, user_id: str) -> Endpoint:
        if self.starts and (error := self.starts.pop(0)) is not None:
            raise error
        self.gone = asyncio.Event()
        return Endpoint("pod", "http://pod", lambda: "token", self.gone.wait)

    async def release(self, user_id: str) -> None:
        self.released += 1

    async def stop(self, user_id: str) -> None:
        self.stopped += 1

    async def play(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        if name == "snapshots":
            self.restored.append(arguments["sha256"])
            return DONE
        self.ran.append(arguments.get("code", name))
        entry = self.script.pop(0)
        if isinstance(entry, Exception):
            raise entry
        return entry if isinstance(entry, ToolResult) else await entry()


@pytest.fixture
def pods(monkeypatch: pytest.MonkeyPatch) -> Pods:
    playing = Pods()

    class ScriptedToolbox:
        def __init__(self, base_url: str, bearer: Callable[[], str], **options: object) -> None:
            pass

        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *exc_info: object) -> None:
            while playing.hangs_at_close:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    continue

        async def call(self, name: str, arguments: dict[str, Any], **told: Any) -> ToolResult:
            playing.histories += told.values()
            return await playing.play(name, arguments)

        async def upload_snapshot(self, sha256: str, data: bytes) -> None:
            assert data == b"a scene"
            playing.uploaded.append(sha256)

        async def upload_import(self, name: str, chunks: AsyncIterator[bytes]) -> None:
            playing.uploaded.append(f"{name}: {b''.join([chunk async for chunk in chunks]).decode()}")

    monkeypatch.setattr("cloud.jobs.pod_link.McpToolbox", ScriptedToolbox)
    return playing


@pytest.fixture
async def toolbox(pods: Pods, store: ArtifactStore) -> AsyncIterator[PodToolbox]:
    async def on_wait(reason: str) -> None:
        pass

    async with PodToolbox(pods, store, "ada", EMPTY_SCENE, on_wait) as opened:  # type: ignore[arg-type]
        yield opened


async def run(toolbox: PodToolbox, code: str = "x") -> ToolResult:
    return await toolbox.call("run_python", {"code": code})


async def test_file_to_import_is_given_to_each_pod_that_is_to_import_it(
    pods: Pods, toolbox: PodToolbox, store: ArtifactStore
) -> None:
    toolbox.offer_import("tower.glb", (await store.put(b"a tower")).sha256)
    pods.script = [ToolboxLost("gone"), DIED, DONE]
    assert await toolbox.call_surely("import_file", {"file": "tower.glb"}) == DONE
    assert pods.uploaded == ["tower.glb: a tower"] * 3


@pytest.mark.parametrize("death", [ToolboxLost("gone"), DIED], ids=["pod", "blender"])
async def test_call_that_its_pod_did_not_survive_is_run_again_on_the_same_scene(
    pods: Pods, toolbox: PodToolbox, death: Play
) -> None:
    pods.script = [death, death, DONE]
    assert await run(toolbox) == DONE
    assert pods.ran == ["x"] * 3
    assert pods.restored == [EMPTY_SCENE] * 3


async def test_call_in_a_pod_that_the_fleet_knows_to_be_lost_is_run_again_at_once(
    pods: Pods, toolbox: PodToolbox
) -> None:
    async def silent_for_ever() -> ToolResult:
        asyncio.get_running_loop().call_later(0.05, pods.gone.set)
        await asyncio.Event().wait()
        raise AssertionError

    pods.script = [silent_for_ever, DONE]
    assert await asyncio.wait_for(run(toolbox), 2) == DONE
    assert pods.stopped == 1


async def test_pod_is_let_go_of_when_its_scene_cannot_be_loaded(pods: Pods, store: ArtifactStore) -> None:
    async def on_wait(reason: str) -> None:
        pass

    with pytest.raises(ArtifactMissing):
        await PodToolbox(pods, store, "ada", "0" * 64, on_wait).__aenter__()  # type: ignore[arg-type]
    assert pods.released == 1


async def test_reason_of_a_wait_is_told_and_told_again_when_it_is_another(
    pods: Pods, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    reasons, there_is_room = ["pod_limit", "pod_limit", "", ""], asyncio.Event()

    async def on_wait(reason: str) -> None:
        told.append(reason)

    class FullFleet(Pods):
        def why_waiting(self, user_id: str) -> str:
            reason = reasons.pop(0)
            if not reasons:
                there_is_room.set()
            return reason

        async def acquire(self, user_id: str) -> Endpoint:
            await there_is_room.wait()
            return await super().acquire(user_id)

    monkeypatch.setattr("cloud.jobs.pod_wait._UNNOTICED_S", 0.02)
    monkeypatch.setattr("cloud.jobs.pod_wait._LOOK_AGAIN_S", 0.02)
    await acquire_told(FullFleet(), "ada", on_wait)  # type: ignore[arg-type]
    assert told == ["pod_limit", "pod_starting"]


async def test_call_that_ends_pod_after_pod_is_the_models_business(pods: Pods, toolbox: PodToolbox) -> None:
    pods.script = [ToolboxLost("gone")] * 3
    result = await run(toolbox)
    assert result.is_error
    assert "as it was before" in result.content[0]["text"]
    assert pods.stopped == 3


async def test_call_that_ends_blender_again_and_again_is_told_as_the_pod_tells_it(
    pods: Pods, toolbox: PodToolbox
) -> None:
    pods.script = [DIED] * 3
    assert await run(toolbox) == DIED


async def test_call_of_our_own_goes_on_for_longer_but_not_forever(pods: Pods, toolbox: PodToolbox) -> None:
    deaths: list[Play] = [DIED] * 10
    pods.script = [*deaths[:8], DONE]
    assert await toolbox.call_surely("look", {}) == DONE
    pods.script = deaths
    assert await toolbox.call_surely("look", {}) == DIED
    assert len(pods.script) == 1


async def test_call_that_took_too_long_is_not_run_again(pods: Pods, toolbox: PodToolbox) -> None:
    pods.script = [TOO_LONG]
    assert await run(toolbox) == TOO_LONG
    assert pods.ran == ["x"]


async def test_losses_that_never_end_end_the_job(pods: Pods, toolbox: PodToolbox) -> None:
    pods.script = [ToolboxLost("gone")] * 6
    await run(toolbox)
    with pytest.raises(PodLost):
        await run(toolbox)


async def test_losses_with_work_between_them_do_not_add_up(pods: Pods, toolbox: PodToolbox) -> None:
    pods.script = [ToolboxLost("gone"), DONE] * 10
    for _ in range(10):
        assert await run(toolbox) == DONE


async def test_pod_that_does_not_start_is_tried_once_more(pods: Pods, store: ArtifactStore) -> None:
    async def on_wait(reason: str) -> None:
        pass

    slow = PodNotReady("pod", 60)
    pods.starts = [slow]
    async with PodToolbox(pods, store, "ada", EMPTY_SCENE, on_wait):  # type: ignore[arg-type]
        pass
    pods.starts = [slow, slow]
    with pytest.raises(PodNotReady):
        await PodToolbox(pods, store, "ada", EMPTY_SCENE, on_wait).__aenter__()  # type: ignore[arg-type]


async def test_pod_that_is_killed_as_it_starts_is_tried_more_often(pods: Pods, store: ArtifactStore) -> None:
    async def on_wait(reason: str) -> None:
        pass

    killed = PodNotReady("pod", 3, "Server disconnected without sending a response.")
    pods.starts = [killed] * 5
    async with PodToolbox(pods, store, "ada", EMPTY_SCENE, on_wait):  # type: ignore[arg-type]
        pass
    pods.starts = [killed] * 6
    with pytest.raises(PodNotReady):
        await PodToolbox(pods, store, "ada", EMPTY_SCENE, on_wait).__aenter__()  # type: ignore[arg-type]


async def test_older_snapshot_that_the_pod_never_had_is_brought_once(pods: Pods, store: ArtifactStore) -> None:
    stored = await store.put(b"a scene")
    told = {"sha256": stored.sha256, "parent": "", "title": "", "label": "the first", "bytes": 7, "created_at": 1.0}

    async def history() -> History:
        return [told]

    async def on_wait(reason: str) -> None:
        pass

    async with PodToolbox(pods, store, "ada", EMPTY_SCENE, on_wait, history=history) as toolbox:  # type: ignore[arg-type]
        for named in ("0" * 12, "a label", "empty", ""):
            await toolbox.call("snapshots", {"action": "diff", "sha256": named})
        assert pods.uploaded == []
        for named in ("the first", stored.sha256[:12], stored.sha256):
            await toolbox.call("snapshots", {"action": "diff", "sha256": named})
    assert pods.uploaded == [stored.sha256]
    assert pods.histories == [[told]] * 7


async def test_cancel_does_not_wait_for_a_pod_that_hangs(pods: Pods, store: ArtifactStore) -> None:
    begun, deaf = asyncio.Event(), True

    async def hang() -> ToolResult:
        begun.set()
        while deaf:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue
        return DONE

    async def on_wait(reason: str) -> None:
        pass

    async def work() -> None:
        async with PodToolbox(pods, store, "ada", EMPTY_SCENE, on_wait) as toolbox:  # type: ignore[arg-type]
            await run(toolbox)

    pods.script, pods.hangs_at_close = [hang], True
    working = asyncio.create_task(work())
    await asyncio.wait_for(begun.wait(), 30)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(working, 30)
    deaf = pods.hangs_at_close = False
