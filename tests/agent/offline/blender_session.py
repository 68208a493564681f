# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
"""Runs conversations of the offline modeller against a real bpy and reports what stands in the scene.

A program of its own, because bpy may not be imported where tests run: a JSON list of cases on stdin, each a list
of prompts that follow each other in one scene; a JSON list of reports on stdout, one a case.
"""

import contextlib
import io
import json
import sys
import traceback
from pathlib import Path
from typing import Any

import bpy

from cloud.agent.offline.conversation import next_reply
from cloud.blender.child.report import inspect_scene

TOOLS = {"run_python", "look", "inspect", "finish"}
TURNS_AT_MOST = 80


def run_case(prompts: list[str], keep: str = "") -> dict[str, Any]:
    """All prompts in one scene; the report holds the last answer, every error, and the scene's facts."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    report: dict[str, Any] = {"prompts": prompts, "errors": [], "titles": [], "answers": []}
    for prompt in prompts:
        report["answers"].append(converse(prompt, report))
    facts = inspect_scene()
    report["objects"] = {described["name"]: described for described in facts.header["structured"]["objects"]}
    for obj in bpy.context.scene.objects:
        described = report["objects"][obj.name]
        described["surface"] = list(obj["p2m_surface"]) if "p2m_surface" in obj else None
        described["vertices"] = len(obj.data.vertices) if obj.type == "MESH" else 0
        described["faces"] = len(obj.data.polygons) if obj.type == "MESH" else 0
        described["rotation"] = list(obj.rotation_euler)
        described["scale"] = list(obj.scale)
        described["family_min"], described["family_max"] = family_box(obj)
        described["colors"] = {
            s.material.name: list(s.material.diffuse_color) for s in obj.material_slots if s.material
        }
    if keep:
        bpy.ops.wm.save_as_mainfile(filepath=keep, copy=True)
    return report


def family_box(obj: bpy.types.Object) -> tuple[list[float], list[float]]:
    """The world box of the object and its children."""
    parts = [part for part in (obj, *obj.children_recursive) if part.type == "MESH"]
    points = [part.matrix_world @ vert.co for part in parts for vert in part.data.vertices] or [obj.location]
    return [min(p[i] for p in points) for i in range(3)], [max(p[i] for p in points) for i in range(3)]


def converse(prompt: str, report: dict[str, Any]) -> dict[str, Any]:
    """One conversation from the prompt to `finish`; its arguments."""
    empty = not bpy.context.scene.objects
    scene = "empty" if empty else f"{len(bpy.context.scene.objects)} objects; inspect before you change anything"
    first = [{"type": "text", "text": f"<scene>{scene}</scene>"}, {"type": "text", "text": prompt}]
    messages: list[dict[str, Any]] = [{"role": "user", "content": first}]
    for turn in range(TURNS_AT_MOST):
        use = next_reply(messages, TOOLS).tool_uses[0]
        if use.name == "finish":
            return use.arguments
        text, is_error = answer(use.name, use.arguments, report)
        block = {"type": "tool_use", "id": f"t{turn}", "name": use.name, "input": use.arguments}
        result = {"type": "tool_result", "tool_use_id": f"t{turn}", "content": text, "is_error": is_error}
        messages += [{"role": "assistant", "content": [block]}, {"role": "user", "content": [result]}]
    raise AssertionError("the conversation does not end")


def answer(tool: str, arguments: dict[str, Any], report: dict[str, Any]) -> tuple[str, bool]:
    """What the pod would answer."""
    if tool == "inspect":
        return inspect_scene(**arguments).header["text"], False
    if tool == "look":
        return "a picture", False
    report["titles"].append(arguments["title"])
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(arguments["code"], "<step>", "exec"), {"__name__": "__main__"})  # noqa: S102
    except Exception:  # noqa: BLE001 - the report shows it
        report["errors"].append(f"{arguments['title']}: {traceback.format_exc(limit=-4)}")
        return "error", True
    bpy.context.view_layer.update()
    return printed.getvalue(), False


if __name__ == "__main__":
    cases = json.load(sys.stdin)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    real_stdout = sys.stdout
    sys.stdout = sys.stderr
    reports = [run_case(case, str(folder / f"{index:02d}.blend") if folder else "") for index, case in enumerate(cases)]
    json.dump(reports, real_stdout)
