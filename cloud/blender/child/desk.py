# pyright: reportAttributeAccessIssue=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Where requests of the front are answered, on Blender's main thread, one at a time."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from cloud.blender.child.exports import export_scene
from cloud.blender.child.look import look_at_scene, warm_up_gpu
from cloud.blender.child.report import inspect_scene
from cloud.blender.child.scene_file import EMPTY_SCENE, SceneFile
from cloud.blender.child.steps import run_python
from cloud.blender.frames import Message
from cloud.errors import Prompt2MeshError

logger = logging.getLogger(__name__)

_LISTED_AT_MOST = 50


class Desk:
    """The open scene and the tools that work on it."""

    def __init__(self, workspace: Path) -> None:
        warm_up_gpu()
        self._scene_file = SceneFile(workspace)
        self._tools: dict[str, Callable[..., Message]] = {
            "ping": self._ping,
            "run_python": lambda code, title="": run_python(self._scene_file, code, title),
            "look": look_at_scene,
            "inspect": lambda object="": inspect_scene(object),  # noqa: A006
            "snapshots": self._snapshots,
            "export": lambda format, name="scene": export_scene(workspace / "exports", format, name),  # noqa: A006
        }

    def answer(self, request: Message) -> Message:
        """The tool's answer; a failure is an answer too. Adds `scene`: the snapshot that the scene now is."""
        try:
            answer = self._tools[request.header["tool"]](**request.header["arguments"])
        except Prompt2MeshError as error:
            answer = _failed(error.code, str(error))
        except Exception as error:
            logger.exception("tool failed", extra={"tool": request.header.get("tool")})
            answer = _failed("internal_error", f"The tool itself failed ({type(error).__name__}: {error}).")
        return Message(answer.header | {"scene": self._scene_file.sha256}, answer.blobs)

    def _ping(self) -> Message:
        """Proof that Blender works: an evaluated scene."""
        bpy.context.view_layer.update()
        return Message({"text": "ready", "structured": {"blender": bpy.app.version_string}})

    def _snapshots(self, action: str, sha256: str = "") -> Message:
        if action == "restore":
            self._scene_file.restore(EMPTY_SCENE if sha256 == "empty" else sha256)
            text = f"The scene is snapshot {sha256[:12]} now." if self._scene_file.sha256 else "The scene is empty now."
            return Message({"text": text, "structured": {"ok": True, "sha256": self._scene_file.sha256}})
        found = self._scene_file.list()[:_LISTED_AT_MOST]
        listed = [{"sha256": path.stem, "bytes": path.stat().st_size} for path in found]
        current = self._scene_file.sha256
        lines = [f"{entry['sha256']}{' (now)' if entry['sha256'] == current else ''}" for entry in listed]
        text = "Newest first:\n" + "\n".join(lines) if lines else "There are no snapshots yet."
        return Message({"text": text, "structured": {"snapshots": listed, "current": current}})


def _failed(code: str, message: str) -> Message:
    error: dict[str, Any] = {"type": code, "message": message, "line": None, "source": ""}
    return Message({"text": message, "is_error": True, "structured": {"ok": False, "error": error}})
