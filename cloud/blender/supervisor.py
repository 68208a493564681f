"""Keeps one Blender child at work for the front: limits, kills, replaces it and restores the scene.

The scene's truth is the last snapshot file, not the child's memory: whatever ends a child, the next one opens
that file, so a user loses at most the step that failed. A spare child, imported and with its GPU warm,
stands ready. All methods belong to the front's event loop.
"""

import asyncio
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from cloud.blender.frames import Message
from cloud.blender.process import BlenderProcess, ChildDied
from cloud.errors import Prompt2MeshError

logger = logging.getLogger(__name__)

EMPTY_SCENE = ""
_SPARE_DELAY_S = 2.0
_START_LIMIT_S = 60.0
_START_ATTEMPTS = 3


class StepLost(Prompt2MeshError):
    """The call ended without an answer; the message says why, and how the scene stands now."""

    code, http_status = "step_lost", 500


class BlenderNotStarting(Prompt2MeshError):
    """No child could be brought to answer."""

    code, http_status, retryable = "blender_not_starting", 503, True


class BlenderSupervisor:
    """Calls go to one child, one at a time, in the order of arrival."""

    def __init__(self, workspace: Path, *, call_limit_s: float, keep_spare: bool = True) -> None:
        self._workspace = workspace
        self._call_limit_s = call_limit_s
        self._keep_spare = keep_spare
        self._lock = asyncio.Lock()
        self._child: BlenderProcess | None = None
        self._spare: BlenderProcess | None = None
        self._scene = EMPTY_SCENE
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.ready_once = False

    @property
    def busy(self) -> bool:
        """A call is at work or Blender is being replaced."""
        return self._lock.locked()

    async def start(self) -> None:
        """Bring up the first child in the background; `call` waits for it."""
        for folder in ("snapshots", "exports", "tmp", "home"):
            (self._workspace / folder).mkdir(parents=True, exist_ok=True)
        self._in_background(self._warm_up())

    async def stop(self) -> None:
        """End every child. The supervisor is of no use afterwards."""
        self._stopping = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for child in (self._child, self._spare):
            if child:
                await child.kill()
        self._child = self._spare = None

    async def call(self, tool: str, arguments: dict[str, Any]) -> Message:
        """The child's answer to a tool call. A cancelled call kills the child that worked on it.

        Raises: StepLost: time limit or death of the child. BlenderNotStarting.
        """
        async with self._lock:
            child = await self._ready_child()
            try:
                async with asyncio.timeout(self._call_limit_s):
                    answer = await self._ask(child, tool, arguments)
            except TimeoutError:
                raise await self._step_lost(f"it took longer than {self._call_limit_s:g} s and was stopped") from None
            except ChildDied as death:
                raise await self._step_lost(f"{death} while at work") from death
            except asyncio.CancelledError:
                await asyncio.shield(self._drop_child())
                self._in_background(self._warm_up())
                raise
            self._scene = answer.header.get("scene", self._scene)
            return answer

    async def _ask(self, child: BlenderProcess, tool: str, arguments: dict[str, Any]) -> Message:
        """Ask; once more of another child where the first ended before it took up the request."""
        try:
            return await child.ask(tool, arguments)
        except ChildDied as death:
            if death.started:
                raise
            await self._drop_child()
            return await (await self._ready_child()).ask(tool, arguments)

    async def _step_lost(self, why: str) -> StepLost:
        """Replace the child and tell how the scene stands."""
        logger.warning("step lost", extra={"why": why})
        await self._drop_child()
        wanted = self._scene
        await self._ready_child()
        if self._scene != wanted:
            state = "The last snapshot could not be opened, so the scene is empty now."
        elif wanted == EMPTY_SCENE:
            state = "The scene is empty, as before this step."
        else:
            state = "The scene is as it was before this step."
        return StepLost(f"The step did not finish: {why}. A new Blender runs. {state}")

    async def _drop_child(self) -> None:
        child, self._child = self._child, None
        if child:
            await child.kill()

    async def _ready_child(self) -> BlenderProcess:
        """A living child that holds the scene. Raises: BlenderNotStarting."""
        if self._child and self._child.alive:
            return self._child
        await self._drop_child()
        why = ""
        for attempt in range(_START_ATTEMPTS):
            if attempt == _START_ATTEMPTS - 1:
                self._scene = EMPTY_SCENE  # the snapshot itself may be what ends Blender
            child = await self._take_spare() or await BlenderProcess.start(self._workspace)
            try:
                async with asyncio.timeout(_START_LIMIT_S):
                    answer = await child.ask("snapshots", {"action": "restore", "sha256": self._scene})
            except (ChildDied, TimeoutError) as error:
                why = str(error) or f"no answer in {_START_LIMIT_S:g} s"
                logger.warning("blender child did not start", extra={"why": why, "scene": self._scene})
                await child.kill()
                continue
            except asyncio.CancelledError:
                await asyncio.shield(child.kill())
                raise
            if answer.header.get("is_error"):
                logger.warning("snapshot does not open", extra={"scene": self._scene})
                self._scene = EMPTY_SCENE
            self._child = child
            self.ready_once = True
            self._in_background(self._start_spare())
            return child
        raise BlenderNotStarting(f"Blender did not start: {why}.")

    async def _warm_up(self) -> None:
        async with self._lock:
            try:
                await self._ready_child()
            except BlenderNotStarting:
                logger.exception("no child; the next call tries again")

    async def _take_spare(self) -> BlenderProcess | None:
        spare, self._spare = self._spare, None
        if spare and not spare.alive:
            await spare.kill()
            return None
        return spare

    async def _start_spare(self) -> None:
        """Begin the spare a little later, so that it does not compete with the call that waits now."""
        await asyncio.sleep(_SPARE_DELAY_S)
        if self._keep_spare and self._spare is None and not self._stopping:
            self._spare = await BlenderProcess.start(self._workspace)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
