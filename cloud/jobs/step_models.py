"""Each step's scene as a small .glb for the 3D viewer: asked of the pod, checked, and kept beside the step's picture.

A model that cannot be made costs the model alone, as a picture does. The pod bounds its work by counts (triangles,
objects, pixels of textures, bytes): a scene above them has none, and the event says why.
"""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cloud.agent.contract import ToolResult
from cloud.db.engine import DATABASE_ERRORS
from cloud.errors import Prompt2MeshError
from cloud.jobs.events import ModelReady
from cloud.jobs.pod_losses import may_be_tried_again
from cloud.jobs.storable import storable_text

if TYPE_CHECKING:
    from cloud.jobs.pod import PodToolbox
    from cloud.jobs.recorder import JobRecorder

BYTES_AT_MOST = 12 * 2**20
"""As in the pod, which may say anything."""

_ASKED = {"format": "glb", "name": "step", "viewer": True}
_REASON_LIMIT_CHARS = 300
_NUMBERS = 3

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StepModel:
    """What the pod made of a scene. `content` None: nothing, and `reason` says why.

    `is_final`: the same scene would give the same again, whichever pod is asked.
    """

    content: bytes | None = None
    triangles: int = 0
    extent: list[list[float]] | None = None
    reason: str = ""
    is_final: bool = True

    def event(self, snapshot_id: UUID, step: int, file: Mapping[str, Any] | None) -> ModelReady:
        """What clients are told; `file` has the columns of its row."""
        if file is None:
            return ModelReady(artifact_id=None, snapshot_id=snapshot_id, step=step, reason=self.reason)
        return ModelReady(
            artifact_id=file["id"],
            snapshot_id=snapshot_id,
            step=step,
            bytes=file["bytes"],
            triangles=self.triangles,
            extent=self.extent,
        )


@dataclass(frozen=True)
class Unshown:
    """A step's scene, and what it lacks for pages."""

    snapshot_id: UUID
    step: int
    picture: bool = True
    model: bool = True


async def make_model(toolbox: "PodToolbox") -> StepModel:
    """The scene that is open, for the viewer. Raises: NotFound, ToolboxLost: on its way. PodLost, PodNotReady."""
    result = await toolbox.call("export", _ASKED)
    if result.is_error:
        return StepModel(reason=_words(result), is_final=not may_be_tried_again(result))
    facts = result.structured
    if _count(facts.get("bytes")) > BYTES_AT_MOST:
        return StepModel(reason="The model is too large for the 3D view.")
    content = await toolbox.download_export(str(facts.get("file", "")))
    return StepModel(content, _count(facts.get("triangles")), _extent(facts.get("extent")))


async def keep_model(toolbox: "PodToolbox", recorder: "JobRecorder", snapshot_id: UUID, step: int) -> bool:
    """Make the model of the scene that is open, which is this snapshot, and keep it.

    What goes wrong is only worth a log line. Returns: False: it went wrong.
    """
    try:
        model = await make_model(toolbox)
        if model.is_final:
            await recorder.add_model(snapshot_id, step, model)
        return model.is_final
    except (Prompt2MeshError, *DATABASE_ERRORS) as error:  # also of an attempt that was superseded
        logger.warning("model of a step was not made", extra={"step": step, "error": type(error).__name__})
        return False


def _words(result: ToolResult) -> str:
    text = " ".join(str(block.get("text", "")) for block in result.content).strip()
    return storable_text(text[:_REASON_LIMIT_CHARS]) or "Blender gave no reason."


def _count(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**53 else 0


def _extent(value: object) -> list[list[float]] | None:
    """Two corners of three numbers, or None: what the pod says is checked."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    for corner in value:
        if not isinstance(corner, list) or len(corner) != _NUMBERS:
            return None
        if not all(isinstance(one, int | float) and math.isfinite(one) for one in corner):
            return None
    return [[float(one) for one in corner] for corner in value]
