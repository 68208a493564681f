"""The replayable script of a scene: the code of its steps, in order, as one Python file for plain Blender.

Each step ran in fresh names, so the script forgets a step's names before the next; the code itself stays as it
was written, character by character, because indenting it would change texts that span lines. Only the literals of its
parameters are taken out: they stand at the top of the file, under the ids of `cloud.jobs.parameters.scene`.
"""

import ast
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud.agent.python_source import parse_source
from cloud.jobs.kept_steps import KEPT_MARK
from cloud.jobs.parameters.reading import PARSED_UP_TO_CHARS, Parameter, read_parameters
from cloud.jobs.parameters.scene import scene_parameters
from cloud.jobs.parameters.writing import literal, literal_of, with_expressions
from cloud.jobs.script_imports import PRELUDE as IMPORT_PRELUDE
from cloud.jobs.script_imports import imported_file, imported_files

if TYPE_CHECKING:
    from cloud.db.models import Project

_MADE_BY_TOOL = re.compile(r"# .*: the tool \w+ did this, no code can\.\n", re.DOTALL)
_TAKE_PARAMETERS = """
_P2M_PARAMETERS = {name: value for name, value in globals().items() if name[0].isupper()}
for _p2m_name in _P2M_PARAMETERS:  # each step sees its own alone
    del globals()[_p2m_name]
"""

_PRELUDE = '''
import math
import os
import random
import sys

import bpy  # first: it brings bmesh and mathutils with it
import bmesh
import mathutils
import mathutils.noise
import numpy
import numpy as np


def _p2m_open_empty_scene():
    """The scene that the first step began with."""
    bpy.ops.wm.read_factory_settings(use_empty=False)
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.meshes, *bpy.data.lights, *bpy.data.cameras])
    bpy.data.batch_remove(list(bpy.data.materials))
    bpy.context.scene.unit_settings.system = "METRIC"
    bpy.context.scene.unit_settings.length_unit = "METERS"


def _p2m_end_step():
    """Leave edit mode, and forget the names of the step: each step stands alone."""
    if bpy.context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.view_layer.update()
    for name in set(globals()) - set(_P2M_NAMES):
        del globals()[name]
    globals().update(_P2M_NAMES)
    random.seed(_P2M_SEED)
    np.random.seed(_P2M_SEED)
    mathutils.noise.seed_set(_P2M_SEED % 2**31 + 1)


def _p2m_run(code, may_fail):
    """A step that ends itself, or that failed after it had done something: the next step goes on from there."""
    try:
        exec(compile(code, "step", "exec"), globals())
    except SystemExit as leaving:
        if leaving.code not in (None, 0) and not may_fail:
            raise
    except Exception as error:
        if not may_fail:
            raise
        print("This step failed, as it did when the scene was made:", error)


def _p2m_reopen():
    """What a saved and reopened file no longer has: data that nothing uses."""
    bpy.data.orphans_purge(do_local_ids=True, do_linked_ids=True, do_recursive=False)


@IMPORT@
_P2M_SEED = @SEED@
_p2m_open_empty_scene()
_P2M_NAMES = {}
_P2M_NAMES.update(globals())
_p2m_end_step()
'''

_EPILOGUE = """
if "--" in sys.argv:  # blender --background --python script.py -- OUT.blend
    _p2m_arguments = sys.argv[sys.argv.index("--") + 1 :]
elif bpy.app.background and os.path.basename(sys.argv[0]).lower() not in ("blender", "blender.exe"):
    _p2m_arguments = sys.argv[1:]  # python script.py OUT.blend
else:
    _p2m_arguments = []
if _p2m_arguments:
    bpy.ops.wm.save_as_mainfile(filepath=os.path.abspath(_p2m_arguments[0]), compress=True)
"""


@dataclass(frozen=True)
class ScriptStep:
    """One step of a scene's history. `job` tells which steps were made in one go, `prompt` what asked for them."""

    title: str
    code: str
    job: str
    prompt: str


def seed_of_project(project: "Project") -> int:
    """What chance in a project's code begins with: the same for each of its steps and for its script."""
    return zlib.crc32(project.id.bytes) if project.seed is None else project.seed


def replay_script(steps: Sequence[ScriptStep], seed: int = 0) -> str:
    """The script's text. Run alone under `bpy`, it rebuilds what the steps built from the empty scene."""
    table, codes = _take_out_parameters(steps)
    features, bodies = _hoist_future_imports(codes)
    parts = [_header(steps)]
    if features:
        parts.append(f"from __future__ import {', '.join(features)}\n")
    parts.append(table)
    importing = IMPORT_PRELUDE if imported_files(codes) else ""
    parts.append(
        _PRELUDE.replace("\n@IMPORT@\n", f"{importing}\n\n" if importing else "\n").replace("@SEED@", str(seed))
    )
    job = steps[0].job if steps else ""
    for number, (step, body) in enumerate(zip(steps, bodies, strict=True), 1):
        reopen = "_p2m_reopen()\n" if step.job != job else ""
        job = step.job
        parts.append(f"\n\n{reopen}# --- Step {number}: {_one_line(step.title) or 'untitled'} ---\n")
        parts.append(_as_block(body))
        parts.append("_p2m_end_step()\n")
    parts.append(_EPILOGUE)
    return "".join(parts)


def _take_out_parameters(steps: Sequence[ScriptStep]) -> tuple[str, list[str]]:
    """The lines that set the scene's parameters, and the steps' code, which takes them from there."""
    codes = [step.code for step in steps]
    parameters = scene_parameters(codes, [step.title for step in steps])
    expressions: list[dict[str, str]] = [{} for _ in codes]
    lines: list[str] = []
    headed = 0
    for each in parameters:
        name = each.parameter.name
        for step in each.steps:
            expressions[step - 1][name] = f'_P2M_PARAMETERS["{each.id}"]'
        if each.step != headed and len(steps) > 1:
            headed = each.step
            lines.append(f"# Step {headed}: {_one_line(steps[headed - 1].title) or 'untitled'}\n")
        own = next(found for found in read_parameters(codes[each.step - 1]) if found.name == name)
        written = literal(codes[each.step - 1], own)
        if not written.isprintable():  # it spans lines, which may have comments
            written = literal_of(each.parameter.value, written)
        lines.append(f"{each.id} = {written}{_comment(each.parameter)}\n")
    table = ["\n# Parameters: change them and run the script again.\n", *lines, _TAKE_PARAMETERS] if lines else []
    return "".join(table), [with_expressions(code, names) for code, names in zip(codes, expressions, strict=True)]


def _comment(parameter: Parameter) -> str:
    facts = [parameter.unit] if parameter.unit else []
    if parameter.kind in ("count", "number") and (told := _range_said(*parameter.said)):
        facts.append(told)
    text = ", ".join(facts) + (f": {parameter.description}" if facts and parameter.description else "")
    return f"  # {_one_line(text or parameter.description)}" if text or parameter.description else ""


def _range_said(low: float | None, high: float | None) -> str:
    """The bounds that whoever wrote the step gave; none that was inferred, for it would read as if it was meant."""
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return f"at least {low:g}" if low is not None else f"at most {high:g}" if high is not None else ""


def _as_block(code: str) -> str:
    """The step's code as it stands in the script: as it is, or as a text where it may not run to its end."""
    if found := imported_file(code):
        return found.call
    may_fail = code.startswith(KEPT_MARK)
    if not may_fail and not _may_exit(code):
        return code if code.endswith("\n") else code + "\n"
    text = code.replace("\\", "\\\\").replace('"', '\\"')
    return f'_p2m_run("""\\\n{text}""", may_fail={may_fail})\n'


def _may_exit(code: str) -> bool:
    """It names something that ends a script, or is too long to tell."""
    if len(code) > PARSED_UP_TO_CHARS:
        return True
    for node in ast.walk(parse_source(code)):
        if isinstance(node, ast.Name) and node.id in {"SystemExit", "exit", "quit"}:
            return True
        if isinstance(node, ast.Attribute) and node.attr == "exit":
            return True
        if isinstance(node, ast.ImportFrom) and any(alias.name == "exit" for alias in node.names):
            return True
    return False


def _header(steps: Sequence[ScriptStep]) -> str:
    prompts = list(dict.fromkeys(step.prompt for step in steps if step.prompt.strip()))
    lines = [
        '"""Rebuilds a scene that Prompt2Mesh made.',
        "",
        "In a terminal: `python script.py OUT.blend` where the `bpy` module is installed, or",
        "`blender --background --python script.py -- OUT.blend`. In Blender's text editor it replaces the open scene.",
        "",
        *_needed(steps),
        "What was asked for:",
        *(f"- {_in_docstring(prompt)}" for prompt in prompts),
        '"""',
    ]
    return "\n".join(lines) + "\n"


def _needed(steps: Sequence[ScriptStep]) -> list[str]:
    """What the script cannot make by itself, and what to do about it, in words."""
    lines: list[str] = []
    if names := imported_files([step.code for step in steps]):
        lines += [
            "A part of the scene was imported, and no code can make it. Before you run the script put the files that",
            "were imported, as they were then and under these names, into the script's folder:",
            *(f"- {_in_docstring(name)}" for name in names),
            "",
        ]
    if left_out := [step for step in steps if _is_no_code(step.code)]:
        lines += [
            "These steps were made by a tool, which no code can repeat, so the script leaves them out:",
            *(f"- {_in_docstring(step.title) or 'untitled'}" for step in left_out),
            "",
        ]
    if failed := [step for step in steps if step.code.startswith(KEPT_MARK)]:
        lines += [
            "These steps failed half way when the scene was made, and what they did by then was kept. They fail here",
            "too; the script prints that and goes on. Their numbers are not among the parameters:",
            *(f"- {_in_docstring(step.title) or 'untitled'}" for step in failed),
            "",
        ]
    return lines


def _is_no_code(code: str) -> bool:
    """The step of a tool has a comment for its code, and an import its mark."""
    return bool(code) and imported_file(code) is None and _MADE_BY_TOOL.fullmatch(code) is not None


def _in_docstring(text: str) -> str:
    return _one_line(text).replace("\\", "\\\\").replace('"', '\\"')


def _one_line(text: str) -> str:
    """The text on one line, without what could end a comment or is not printable."""
    return "".join(character if character.isprintable() else " " for character in text).strip()


def _hoist_future_imports(codes: Sequence[str]) -> tuple[list[str], list[str]]:
    """The `__future__` features that the steps use, and the steps without those imports (their lines stay, empty)."""
    features: set[str] = set()
    bodies: list[str] = []
    for code in codes:
        lines = code.splitlines(keepends=True)
        # What is too long to parse stands in the script as a text, which may begin with such imports.
        for node in parse_source(code).body if len(code) <= PARSED_UP_TO_CHARS else ():
            if not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
                continue
            features.update(alias.name for alias in node.names)
            for index in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[index] = "\n"
        bodies.append("".join(lines))
    return sorted(features), bodies
