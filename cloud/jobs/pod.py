"""A job's hold on its user's Blender pod: connects, loads the scene, and replaces a pod that is lost."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Self

from cloud.agent.contract import ToolParam, ToolResult
from cloud.agent.toolbox import ToolboxLost, wait_limit_s
from cloud.errors import NotFound, Prompt2MeshError
from cloud.fleet.contract import Endpoint, Fleet, PodNotReady
from cloud.jobs.pod_link import PodLink
from cloud.storage.store import ArtifactStore

EMPTY_SCENE = ""
GOING_BACK = frozenset({"restore", "branch"})
"""Actions of the tool `snapshots` after which the scene is an older one."""

# Above the pod's own limit of a step that names none: only a pod that hangs as a whole gets here.
_CALL_LIMIT_S = 240.0
# A call is made this often if Blender is lost under it: most likely the loss is not the call's doing.
_TRIES = 2
# Losses in a row: two calls, each tried twice.
_LOSSES_LIMIT = 2 * _TRIES
# A pod that dies while it starts is started again for this long.
_START_AGAIN_S = 60.0
_UNNOTICED_S = 0.5

logger = logging.getLogger(__name__)


class PodLost(Prompt2MeshError):
    """Pod after pod ended under this job."""

    code, http_status, retryable = "pod_lost", 503, True

    def __init__(self, losses: int) -> None:
        super().__init__(
            f"Blender ended {losses} times while it worked on this job; the scene of the last finished step is kept."
        )


class PodToolbox:
    """A `Toolbox` that survives the loss of its pod. Use as an async context manager, within one task.

    `seed` is what chance in the scene's code begins with. `scene` is the hash of the snapshot that the pod holds.
    A step's snapshot is in the artifact store before its result is given out, so whatever the caller has seen can
    be restored.
    """

    def __init__(
        self,
        fleet: Fleet,
        store: ArtifactStore,
        user_id: str,
        scene: str,
        on_wait: Callable[[str], Awaitable[None]],
        *,
        seed: int = 0,
    ) -> None:
        self._fleet = fleet
        self._store = store
        self._user_id = user_id
        self._on_wait = on_wait
        self._seed = seed
        self._link: PodLink | None = None
        self._losses = 0
        self.scene = scene

    async def __aenter__(self) -> Self:
        """Get a pod and load the scene. Raises: PodNotReady, PodLost, ArtifactMissing."""
        await self._connect()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Let go of the pod; it stays warm for the user's next job."""
        await self._disconnect()
        await self._fleet.release(self._user_id)

    async def tools(self) -> list[ToolParam]:
        """The pod's tools. Raises: PodNotReady, PodLost."""
        while True:
            try:
                return await self._connected().ask(lambda toolbox: toolbox.tools())
            except ToolboxLost:
                await self._replace()

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Run one tool, once more if Blender was lost under it; a loss again is a failed call.

        Every try begins with the scene as it was before the call. Raises: PodNotReady, PodLost.
        """
        for _ in range(_TRIES - 1):
            result = await self._try(name, arguments)
            if not (result.is_error and _may_succeed(result)):
                return result
            logger.warning("call is made again", extra={"tool": name})
            await self._reload_scene()
        return await self._try(name, arguments)

    async def _try(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Run one tool; the loss of the pod is a failed call too."""
        try:
            async with asyncio.timeout(wait_limit_s(arguments, _CALL_LIMIT_S)):
                result = await self._connected().ask(lambda toolbox: toolbox.call(name, arguments))
            await self._follow(name, arguments, result)
        except (ToolboxLost, TimeoutError) as error:
            logger.warning("pod lost", extra={"tool": name, "error": type(error).__name__})
            await self._replace()
            # A pod that hung as a whole would most likely hang again, for as long.
            return _lost(retryable=isinstance(error, ToolboxLost))
        self._losses = 0
        return result

    async def call_surely(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Run one tool that changes nothing, again if the pod was lost. Raises: PodNotReady, PodLost."""
        for _ in range(_LOSSES_LIMIT - 1):
            result = await self.call(name, arguments)
            if not (result.is_error and (_may_succeed(result) or _error_type(result) == PodLost.code)):
                return result
        return await self.call(name, arguments)

    async def export(self, file_format: str) -> tuple[ToolResult, list[tuple[str, bytes]]]:
        """The scene's files in one format, each with its name; none if the result is an error.

        Raises: PodNotReady, PodLost.
        """
        while True:
            result = await self.call_surely("export", {"format": file_format, "name": "scene"})
            if result.is_error:
                return result, []
            names = [entry["name"] for entry in result.structured.get("files", [])] or [result.structured["file"]]
            try:
                return result, [(name, await self._download_export(name)) for name in names]
            except (ToolboxLost, NotFound):
                logger.warning("export lost", extra={"format": file_format})
                await self._replace()

    async def _follow(self, name: str, arguments: dict[str, Any], result: ToolResult) -> None:
        """Keep the snapshot that a call left, and remember which scene the pod holds."""
        if taken := result.structured.get("snapshot"):
            if not await self._store.has(taken["sha256"]):
                try:
                    await self._store.put(await self._download_snapshot(taken["sha256"]))
                except NotFound as error:
                    raise ToolboxLost("The pod has no file of its own snapshot.") from error
            self.scene = taken["sha256"]
        elif name == "snapshots" and arguments.get("action") in GOING_BACK and not result.is_error:
            self.scene = str(result.structured.get("sha256", EMPTY_SCENE))

    async def _connect(self) -> None:
        began = time.monotonic()
        while True:
            try:
                endpoint = await self._acquire()
                self._link = await PodLink.open(endpoint.base_url, endpoint.bearer, self._seed)
                await self._load_scene()
                return
            except PodNotReady:
                if self._losses + 1 >= _LOSSES_LIMIT or time.monotonic() - began > _START_AGAIN_S:
                    raise
                await self._drop()
            except (ToolboxLost, TimeoutError):
                await self._drop()

    async def _acquire(self) -> Endpoint:
        """The user's pod; a wait that one would notice is told of."""
        acquiring = asyncio.create_task(self._fleet.acquire(self._user_id))
        try:
            await asyncio.wait({acquiring}, timeout=_UNNOTICED_S)
            if not acquiring.done():
                await self._on_wait("pod_starting")
            return await acquiring
        finally:
            if not acquiring.done():
                acquiring.cancel()
                await asyncio.wait({acquiring})

    async def _load_scene(self) -> None:
        link, scene = self._connected(), self.scene
        async with asyncio.timeout(_CALL_LIMIT_S):
            if scene != EMPTY_SCENE:
                data = await self._store.get(scene)
                await link.ask(lambda toolbox: toolbox.upload_snapshot(scene, data))
            result = await link.ask(lambda toolbox: toolbox.call("snapshots", {"action": "restore", "sha256": scene}))
        if result.is_error:
            raise ToolboxLost("The pod did not open the scene.")

    async def _reload_scene(self) -> None:
        try:
            await self._load_scene()
        except (ToolboxLost, TimeoutError):
            await self._replace()

    async def _download_snapshot(self, sha256: str) -> bytes:
        return await self._connected().ask(lambda toolbox: toolbox.download_snapshot(sha256))

    async def _download_export(self, name: str) -> bytes:
        return await self._connected().ask(lambda toolbox: toolbox.download_export(name))

    async def _replace(self) -> None:
        await self._drop()
        await self._connect()

    async def _drop(self) -> None:
        """Give up the pod, with whatever still runs in it. Raises: PodLost: too often."""
        await self._disconnect()
        await self._fleet.stop(self._user_id)
        self._losses += 1
        if self._losses >= _LOSSES_LIMIT:
            raise PodLost(self._losses)

    async def _disconnect(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    def _connected(self) -> PodLink:
        if self._link is None:
            raise ToolboxLost("There is no pod.")
        return self._link


def _lost(*, retryable: bool) -> ToolResult:
    text = (
        "Blender was lost during this call and a new one runs. The scene is as it was before the call. "
        "If the call asked for very much, do less at once."
    )
    facts = {"type": PodLost.code, "message": text, "line": None, "source": "", "retryable": retryable}
    return ToolResult([{"type": "text", "text": text}], is_error=True, structured={"error": facts})


def _may_succeed(result: ToolResult) -> bool:
    """The call failed for a reason that is not its own."""
    error = result.structured.get("error")
    return isinstance(error, dict) and error.get("retryable") is True


def _error_type(result: ToolResult) -> str:
    error = result.structured.get("error")
    return str(error.get("type", "")) if isinstance(error, dict) else ""
