"""A bare Blender that runs pieces of code and tells what became of them: for tests of what runs in the child.

Run as `python -m tests.blender.bare_blender FOLDER`: reads `FOLDER/cases.json`, a list of [setup, code, remedy],
writes `FOLDER/results.json`, a list of {"error", "hint", "remedy_error"}, and `FOLDER/index.z` and
`FOLDER/scene.json` (what building the index left in the file), then ends without Blender's teardown.
"""

import json
import linecache
import math
import os
import random
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import bpy  # before its other modules: it puts them within reach

# isort: split
import bmesh
import mathutils
import numpy as np

from cloud.blender.child.api_index import build_api_index
from cloud.blender.child.hints import hint_for

# A path, as the file of a step in a pod is.
_STEP = "/workspace/.step.py"


def _fresh_scene() -> dict[str, Any]:
    """An empty scene with one active cube, and the names that a step has. (A factory reset would take 70 ms.)"""
    if bpy.context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    kept = (bpy.types.Scene, bpy.types.Screen, bpy.types.WindowManager, bpy.types.WorkSpace)
    bpy.data.batch_remove([block for block in bpy.data.user_map() if not isinstance(block, kept)])
    bpy.ops.mesh.primitive_cube_add()
    return {"bpy": bpy, "bmesh": bmesh, "mathutils": mathutils, "math": math, "random": random, "np": np}


def _run(setup: str, code: str) -> tuple[str, str]:
    """The error of the code and the hint for it; empty if it ran."""
    names = _fresh_scene()
    exec(setup, names)  # noqa: S102
    linecache.cache[_STEP] = (len(code), None, code.splitlines(keepends=True), _STEP)
    try:
        exec(compile(code, _STEP, "exec"), names)  # noqa: S102
    except BaseException as error:  # noqa: BLE001 - whatever a step may raise
        return "".join(traceback.format_exception_only(error)), hint_for(error, code.splitlines()[-1], _STEP)
    return "", ""


def _file_content() -> dict[str, Any]:
    collections = [name for name, prop in bpy.data.bl_rna.properties.items() if prop.type == "COLLECTION"]
    content: dict[str, Any] = {name: list(getattr(bpy.data, name).keys()) for name in collections}
    scene: Any = bpy.context.scene
    content["engine"], content["view"] = scene.render.engine, scene.view_settings.view_transform
    return content


def main() -> None:
    folder = Path(sys.argv[1])
    bpy.ops.wm.read_factory_settings(use_empty=True)
    results = []
    for setup, code, remedy in json.loads((folder / "cases.json").read_text()):
        error, hint = _run(setup, code)
        results.append({"error": error, "hint": hint, "remedy_error": _run(setup, remedy)[0]})
    (folder / "results.json").write_text(json.dumps(results))
    _fresh_scene()
    before, began = _file_content(), time.monotonic()
    (folder / "index.z").write_bytes(build_api_index().blobs[0])
    seconds = time.monotonic() - began
    (folder / "scene.json").write_text(json.dumps({"before": before, "after": _file_content(), "seconds": seconds}))


if __name__ == "__main__":
    main()
    os._exit(0)
