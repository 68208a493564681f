"""A small picture of each step's scene and its model for the 3D viewer, made in the pod while the model thinks about
what to do next."""

import asyncio
import base64
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cloud.agent.contract import ToolParam, ToolResult
from cloud.db.engine import DATABASE_ERRORS
from cloud.errors import Prompt2MeshError
from cloud.jobs.queries import Fenced
from cloud.jobs.step_facts import NewFile
from cloud.jobs.step_models import Unshown, keep_model

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.recorder import JobRecorder

SIZE_PX = 320
# Solid shading, no light to render: a tenth of a second on two cores for 100,000 triangles.
_LOOK = {"views": ["three_quarter"], "shading": "solid", "size": SIZE_PX, "format": "webp"}
# A call that waits already is held up for the model of no larger scene: 0.2 s of work.
_WAITED_FOR_TRIANGLES = 100_000
# In a row: what Blender died of twice it would die of after each step.
_FAILURES_AT_MOST = 2

logger = logging.getLogger(__name__)


@dataclass
class PhotographedToolbox:
    """A `Toolbox` whose scene has its picture taken and its model made after each step, before the next call.

    At most one of both is on its way, in a task of ours that every call waits for; `settle` waits too, `aclose` gives
    it up. One that cannot be made costs itself alone. A large scene has no model where the next call comes before it
    is begun: `POST …/snapshots/{id}/model` makes it when somebody asks.
    """

    toolbox: "PodToolbox"
    recorder: "JobRecorder"
    _taking: asyncio.Task[None] | None = None
    _calls_waiting: int = 0
    _failures_left: int = _FAILURES_AT_MOST

    def take(self, snapshot_id: UUID, step: int) -> None:
        """Begin with the picture and the model of the scene as it stands, which is this snapshot."""
        self._begin(Unshown(snapshot_id, step))

    async def take_missing(self) -> None:
        """Begin with what is missing of the scene that an earlier attempt has left."""
        await self.settle()
        if (missing := await self.recorder.head_to_show()) is not None:
            self._begin(missing)

    async def settle(self) -> None:
        """Return when nothing is on its way."""
        if self._taking is not None:
            await asyncio.wait({self._taking})

    async def aclose(self) -> None:
        """Give up what is on its way."""
        if self._taking is not None:
            self._taking.cancel()
            await asyncio.wait({self._taking})

    async def tools(self) -> list[ToolParam]:
        """The pod's tools."""
        await self._wait_for_turn()
        return await self.toolbox.tools()

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Run one tool once the scene before it has been seen to."""
        await self._wait_for_turn()
        return await self.toolbox.call(name, arguments)

    async def _wait_for_turn(self) -> None:
        self._calls_waiting += 1
        try:
            await self.settle()
        finally:
            self._calls_waiting -= 1

    def _begin(self, missing: Unshown) -> None:
        self._taking = asyncio.create_task(self._take(missing), name="thumbnail")

    async def _take(self, missing: Unshown) -> None:
        if missing.picture:
            await self._take_picture(missing.snapshot_id, missing.step)
        is_in_the_way = self._calls_waiting > 0 and self.recorder.triangles > _WAITED_FOR_TRIANGLES
        if missing.model and self._failures_left and not is_in_the_way:
            is_kept = await keep_model(self.toolbox, self.recorder, missing.snapshot_id, missing.step)
            self._failures_left = _FAILURES_AT_MOST if is_kept else self._failures_left - 1

    async def _take_picture(self, snapshot_id: UUID, step: int) -> None:
        try:
            result = await self.toolbox.call("look", _LOOK)
            for block in result.content:
                if block.get("type") == "image" and not result.is_error:
                    content = base64.b64decode(block["source"]["data"])
                    name = f"step-{step:02d}-thumbnail.webp"
                    file = NewFile("thumbnail", name, block["source"]["media_type"], content)
                    await self.recorder.add_thumbnail(snapshot_id, step, file)
                    return
            logger.info("scene has no picture", extra={"step": step})
        except Fenced:
            logger.info("a superseded attempt took a picture", extra={"step": step})
        except (Prompt2MeshError, *DATABASE_ERRORS) as error:
            logger.warning("picture of a step was not taken", extra={"step": step, "error": type(error).__name__})
