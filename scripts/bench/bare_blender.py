# pyright: reportAttributeAccessIssue=false, reportMissingModuleSource=false
# The stubs of bpy know no property of a subclass.
"""Bare `bpy` for comparisons: `python -m scripts.bench.bare_blender`, one job a line of JSON on stdin, one answer each.

{"run": SCRIPT, "save": BLEND}  runs the script as `python SCRIPT` would, from the pod's empty scene and its seeds,
                                and saves what it leaves: {"ok", "error", "seconds"}
{"compare": [BLEND, BLEND]}     {"differences": [text]}

Each job has a process of its own, forked from one that has imported Blender and nothing else.
"""

import json
import os
import random
import runpy
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import bpy
import mathutils.noise
import numpy as np

from cloud.blender.child.scene_file import open_empty_scene
from scripts.bench.scene_equality import describe_scene, differences

_SEED = 0  # the pod's default


def main() -> None:
    """Answer every line of stdin."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what scripts and Blender print is no answer
    for line in iter(sys.stdin.readline, ""):
        answers.write(_in_a_fork(json.loads(line)) + "\n")
        answers.flush()
    os._exit(0)


def _in_a_fork(job: dict[str, Any]) -> str:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            os.write(writer, json.dumps(_answer(job)).encode())
        except BaseException:  # noqa: BLE001 - the top of a process
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read().decode()
    _, status = os.waitpid(pid, 0)
    return answer or json.dumps({"ok": False, "error": f"ended with status {status}", "differences": ["crashed"]})


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    if "compare" in job:
        first, second = (_described(path) for path in job["compare"])
        return {"differences": differences(first, second)}
    return _run(Path(job["run"]).resolve(), job["save"])


def _run(script: Path, blend: str) -> dict[str, Any]:
    open_empty_scene()
    random.seed(_SEED)
    np.random.seed(_SEED)
    mathutils.noise.seed_set(_SEED + 1)
    sys.argv, sys.stdin = [str(script)], open(os.devnull)  # noqa: SIM115 - the process ends soon
    sys.path[0] = str(script.parent)
    folder = Path(blend).with_suffix(".files")
    folder.mkdir()
    os.chdir(folder)
    began = time.perf_counter()
    error = _error_of(script)
    seconds = time.perf_counter() - began
    for obj in bpy.data.objects:
        if obj.mode != "OBJECT":
            bpy.context.view_layer.objects.active = obj
            bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.wm.save_as_mainfile(filepath=blend, copy=True, compress=False)
    return {"ok": not error, "error": error, "seconds": seconds}


def _error_of(script: Path) -> str:
    """Empty where it ended well."""
    try:
        runpy.run_path(str(script), run_name="__main__")
    except SystemExit as leaving:
        return "" if leaving.code in (None, 0) else f"SystemExit: {leaving.code}"
    except Exception as error:  # noqa: BLE001 - a third party's script may raise anything
        return f"{type(error).__name__}: {error}"
    return ""


def _described(blend: str) -> dict[str, Any]:
    bpy.ops.wm.open_mainfile(filepath=blend, load_ui=False, use_scripts=True)
    return describe_scene()


if __name__ == "__main__":
    main()
