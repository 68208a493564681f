# pyright: reportAttributeAccessIssue=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Where requests of the front are answered, on Blender's main thread, one at a time."""

import io
import logging
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from cloud.blender.child.api_index import build_api_index
from cloud.blender.child.capture import end_of_output
from cloud.blender.child.changes import compare, fingerprint_scene, shortened
from cloud.blender.child.check import check_scene, warm_up_checks
from cloud.blender.child.exports import export_scene
from cloud.blender.child.handlers import remember_own_handlers
from cloud.blender.child.imports import import_file
from cloud.blender.child.look import look_at_scene, warm_up_gpu
from cloud.blender.child.places import Places
from cloud.blender.child.report import inspect_scene
from cloud.blender.child.scene_file import SceneFile
from cloud.blender.child.steps import run_python
from cloud.blender.child.turntable import Turntable
from cloud.blender.child.viewer_model import export_for_viewer
from cloud.blender.frames import Message
from cloud.errors import InvalidInput, Prompt2MeshError

logger = logging.getLogger(__name__)


class Desk:
    """The open scene and the tools that work on it."""

    def __init__(self, places: Places, *, own_processes_only: bool) -> None:
        self._places = places
        self._pid = os.getpid()
        self._shaders = Path(os.environ.get("MESA_SHADER_CACHE_DIR", places.scratch / "no-shader-cache"))
        _seed(places.cache / "shaders.zip", self._shaders)
        remember_own_handlers()
        self._scene_file = SceneFile(places)
        self._turntable = Turntable(places.scratch)
        self._tools: dict[str, Callable[..., Message]] = {
            "ping": self._ping,
            "warm_up": self._warm_up,
            "restore": self._restore,
            "difference": self._difference,
            "build_api_index": build_api_index,
            "run_python": lambda **arguments: run_python(
                self._scene_file, own_processes_only=own_processes_only, **arguments
            ),
            "look": look_at_scene,
            "inspect": inspect_scene,
            "check": check_scene,
            "export": self._export,
            "import_file": self._import_file,
        }

    def answer(self, request: Message) -> Message:
        """The tool's answer; a failure is an answer too."""
        self._scene_file.sha256 = request.header["scene"]
        try:
            answer = self._tools[request.header["tool"]](**request.header["arguments"])
        except Prompt2MeshError as error:
            answer = _failed(error.code, str(error))
        except Exception as error:
            logger.exception("tool failed", extra={"tool": request.header.get("tool")})
            answer = _failed("internal_error", f"The tool itself failed ({type(error).__name__}: {error}).")
        if os.getpid() != self._pid:
            os._exit(0)  # a copy that user code made by fork(): only the original answers
        end_of_output(request.header["nonce"])
        return answer

    def too_long(self, error: ValueError) -> Message:
        """What is answered instead of an answer that breaks a limit of the frames."""
        return _failed("too_much", f"The answer is too long; ask for less ({error}).")

    def _ping(self) -> Message:
        """Proof that Blender works: an evaluated scene."""
        bpy.context.view_layer.update()
        return Message({"text": "ready", "structured": {"blender": bpy.app.version_string}})

    def _warm_up(self, shader_cache: bool, checks: bool) -> Message:
        """Get ready for what the first calls need. `shader_cache`: answer with the compiled shaders, as a zip.

        `checks`: import what the geometry report needs, which takes most of a second.
        """
        warm_up_gpu()
        if checks:
            warm_up_checks()
        self._scene_file.restore("")
        blobs = (_packed(self._shaders),) if shader_cache and self._shaders.is_dir() else ()
        return Message({"text": "warm", "structured": {"blender": bpy.app.version_string}}, blobs)

    def _restore(self, sha256: str) -> Message:
        self._scene_file.restore(sha256)
        text = f"The scene is snapshot {sha256[:12]} now." if sha256 else "The scene is empty now."
        return Message({"text": text, "structured": {"ok": True, "sha256": sha256}})

    def _export(self, viewer: bool, **arguments: Any) -> Message:
        """A file of the scene, or some more views of its turntable; where `viewer` says so, a small .glb for pages."""
        if viewer:
            return export_for_viewer(self._places.scratch)
        film, dot, file_format = arguments["format"].partition(".")
        if dot and film == "turntable":
            return self._turntable.go_on(self._scene_file.sha256, file_format)
        return export_scene(self._places.scratch, **arguments)

    def _import_file(self, **arguments: Any) -> Message:
        """The file's objects in the scene, and that as a snapshot; the scene as it was where it cannot be imported."""
        try:
            answer = import_file(self._places.imports, **arguments)
        except InvalidInput:
            self._scene_file.go_back()
            raise
        self._scene_file.fingerprint = None
        answer.header["structured"]["snapshot"] = {}
        return Message(answer.header, fds=(self._scene_file.save(),))

    def _difference(self, sha256: str, other: str) -> Message:
        """What changed from one snapshot to another. The scene is the present snapshot again afterwards."""
        present = self._scene_file.sha256
        try:
            self._scene_file.restore(sha256)
            before = fingerprint_scene()
            self._scene_file.restore(other)
            changed = compare(before, fingerprint_scene())
        finally:
            self._scene_file.restore(present)
        return Message({"text": changed["summary"], "structured": {"changed": shortened(changed)}})


def _seed(kept: Path, target: Path) -> None:
    """Put compiled shaders that were kept where Mesa looks for them."""
    if kept.is_file() and not target.exists():
        with zipfile.ZipFile(kept) as packed:
            packed.extractall(target)


def _packed(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, path.relative_to(folder))
    return buffer.getvalue()


def _failed(code: str, message: str) -> Message:
    """The answer of a tool that could not do what was asked."""
    error: dict[str, Any] = {"type": code, "message": message, "line": None, "source": ""}
    return Message({"text": message, "is_error": True, "structured": {"ok": False, "error": error}})
