# pyright: reportAttributeAccessIssue=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""One step of model-written Python: run it in fresh names, tell what it did, keep it or undo it."""

import difflib
import linecache
import math
import random
import re
import time
import traceback
from types import CodeType
from typing import Any

import bmesh
import bpy
import mathutils
import numpy as np

from cloud.blender.child.capture import captured_output
from cloud.blender.child.changes import compare, fingerprint_scene
from cloud.blender.child.report import count_geometry
from cloud.blender.child.scene_file import SceneFile
from cloud.blender.frames import Message

_FILENAME = "<step>"
_HINTS = (
    (r"poll\(\) failed|context is incorrect", "operators need a context; use bpy.data or bmesh instead."),
    (r"use_auto_smooth|auto_smooth_angle", "gone since 4.1; use mesh.shade_smooth() or mesh.set_sharp_from_angle()."),
    (r'key "Specular" not found', "the input is 'Specular IOR Level' since 4.0."),
    (r'key "Emission" not found', "the input is 'Emission Color' since 4.0."),
    (r'key "Transmission" not found', "the input is 'Transmission Weight' since 4.0."),
    (r'key "Subsurface" not found', "the input is 'Subsurface Weight' since 4.0."),
    (r'key "Clearcoat" not found', "the input is 'Coat Weight' since 4.0."),
    (r'key "Sheen" not found', "the input is 'Sheen Weight' since 4.0."),
    (r"StructRNA of type .* has been removed", "the object was deleted; look it up again by name."),
    (r"name '\w+' is not defined", "each call starts with fresh names; find earlier things in bpy.data by name."),
    (r"BLENDER_EEVEE' not found|enum \"BLENDER_EEVEE\"", "the engine is 'BLENDER_EEVEE_NEXT' in 4.5."),
)


def run_python(
    scene_file: SceneFile, code: str, title: str = "", keep_on_error: bool = False, own_pid_namespace: bool = False
) -> Message:
    """Run the code; on success save a snapshot, on any exception go back to the last one."""
    began = time.monotonic()
    try:
        compiled = compile(code, _FILENAME, "exec")
    except (SyntaxError, ValueError) as error:
        return _failure(error, code, "", "Nothing ran.", began)
    linecache.cache[_FILENAME] = (len(code), None, code.splitlines(keepends=True), _FILENAME)
    before = fingerprint_scene()
    with captured_output() as output:
        error = _execute(compiled)
    if error is not None:
        return _failure(error, code, output.text(), scene_file.go_back(), began)
    changed = compare(before, fingerprint_scene())
    snapshot = scene_file.save()
    counts = count_geometry()
    stdout = output.text()
    text = f"OK: {changed['summary']}. Scene: {counts['objects']} objects, {counts['triangles']} triangles."
    structured = {
        "ok": True,
        "stdout": stdout,
        "changed": changed,
        "error": None,
        "snapshot": {},
        **counts,
        "seconds": round(time.monotonic() - began, 3),
    }
    text += f"\nstdout:\n{stdout}" if stdout else ""
    return Message({"text": text, "structured": structured}, fds=(snapshot,))


def _execute(compiled: CodeType) -> BaseException | None:
    """Run the step to its end. Returns: what it raised; SystemExit and KeyboardInterrupt end the step, not Blender."""
    random.seed(0)
    np.random.seed(0)
    names = {"bpy": bpy, "bmesh": bmesh, "mathutils": mathutils, "math": math, "random": random, "np": np}
    try:
        exec(compiled, {"__name__": "__main__", "numpy": np, **names})  # noqa: S102
        leave_edit_mode()
        bpy.context.view_layer.update()
    except BaseException as error:  # noqa: BLE001 - user code may raise anything; it is told to the model
        return error
    return None


def leave_edit_mode() -> None:
    """Object mode, so that edits are in the mesh before it is compared and saved."""
    if bpy.context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")


def _failure(error: BaseException, code: str, stdout: str, state: str, began: float) -> Message:
    line, source = _where(error, code)
    kind, message = type(error).__name__, _message(error)
    place = f" at line {line}: `{source}`" if line else ""
    hint = next((f"\nHint: {hint}" for pattern, hint in _HINTS if re.search(pattern, message)), _close_name(message))
    text = f"{kind}{place}\n{message}{hint}\n{state}" + (f"\nstdout:\n{stdout}" if stdout else "")
    structured: dict[str, Any] = {
        "ok": False,
        "stdout": stdout,
        "changed": {"summary": "", "added": [], "removed": [], "modified": []},
        "error": {"type": kind, "message": message, "line": line, "source": source},
        "snapshot": None,
        **count_geometry(),
        "seconds": round(time.monotonic() - began, 3),
    }
    return Message({"text": text, "structured": structured, "is_error": True})


def _where(error: BaseException, code: str) -> tuple[int | None, str]:
    """The line of the step that failed, and its text."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == _FILENAME]
    if isinstance(error, SyntaxError) and error.filename == _FILENAME:
        lines.append(error.lineno)
    number = lines[-1] if lines else None
    source = code.splitlines()
    return number, source[number - 1].strip()[:200] if number and number <= len(source) else ""


def _message(error: BaseException) -> str:
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:  # noqa: BLE001 - the exception's class is the step's own
        return "(the error has no readable text)"
    return (text or "").strip()[:2_000]


def _close_name(message: str) -> str:
    """A hint for a name that is nearly right."""
    missing = re.search(r'key "([^"]+)" not found', message)
    if not missing:
        return ""
    names = [*bpy.data.objects.keys(), *bpy.data.materials.keys(), *bpy.data.collections.keys()]
    close = difflib.get_close_matches(missing[1], names, n=3)
    return f"\nHint: there is {', '.join(repr(name) for name in close)}." if close else ""
