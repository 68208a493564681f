"""A small picture of each step's scene, taken in the pod while the model thinks about what to do next."""

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

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.recorder import JobRecorder

SIZE_PX = 320
# Solid shading, no light to render: a tenth of a second on two cores for 100,000 triangles.
_LOOK = {"views": ["three_quarter"], "shading": "solid", "size": SIZE_PX, "format": "webp"}

logger = logging.getLogger(__name__)


@dataclass
class PhotographedToolbox:
    """A `Toolbox` whose scene has its picture taken after each step, before the next call.

    At most one picture is on its way, in a task of ours that every call waits for; `settle` waits too, `aclose`
    gives it up. A picture that cannot be taken costs the picture alone.
    """

    toolbox: "PodToolbox"
    recorder: "JobRecorder"
    _taking: asyncio.Task[None] | None = None

    def take(self, snapshot_id: UUID, step: int) -> None:
        """Begin to take the picture of the scene as it stands, which is this snapshot."""
        self._taking = asyncio.create_task(self._take(snapshot_id, step), name="thumbnail")

    async def take_missing(self) -> None:
        """Begin to take the picture of the scene that an earlier attempt has left, if it has none."""
        await self.settle()
        if (missing := await self.recorder.head_without_picture()) is not None:
            self.take(*missing)

    async def settle(self) -> None:
        """Return when no picture is on its way."""
        if self._taking is not None:
            await asyncio.wait({self._taking})

    async def aclose(self) -> None:
        """Give up the picture that is on its way."""
        if self._taking is not None:
            self._taking.cancel()
            await asyncio.wait({self._taking})

    async def tools(self) -> list[ToolParam]:
        """The pod's tools."""
        await self.settle()
        return await self.toolbox.tools()

    async def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Run one tool once the scene before it has its picture."""
        await self.settle()
        return await self.toolbox.call(name, arguments)

    async def _take(self, snapshot_id: UUID, step: int) -> None:
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
