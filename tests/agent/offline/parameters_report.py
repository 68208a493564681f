# The stubs of bpy know no property of a subclass.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
"""Run inside Blender by `test_knobs`: each parameter of each thing at the ends of its range, as a change sets it.

Usage: parameters_report.py KEY... Prints a JSON object: each thing's faults, one sentence each, and what it has.
"""

import hashlib
import json
import sys
import traceback
from typing import Any

import bpy
import numpy as np

from cloud.agent.offline.catalogue import THINGS
from cloud.agent.offline.orders import Group, Request
from cloud.agent.offline.plan import make_plan
from cloud.agent.offline.scene_facts import read_facts
from cloud.jobs.parameters.reading import Parameter, Value, read_parameters
from cloud.jobs.parameters.writing import with_values


def first_code(key: str) -> str:
    """The code of the step that builds the thing, alone."""
    return make_plan(Request([Group(key, 1)]), read_facts("")).steps[0].code


def run(code: str) -> str:
    """Run the step in an empty scene. Returns: what tells its scene from another one."""
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.meshes, *bpy.data.materials])
    exec(compile(code, "step", "exec"), {"__name__": "__main__"})  # noqa: S102
    bpy.context.view_layer.update()
    seen = hashlib.sha256()
    for obj in sorted(bpy.data.objects, key=lambda each: each.name):
        seen.update(f"{obj.name} {[[round(value, 5) for value in row] for row in obj.matrix_world]}".encode())
        if obj.type == "MESH":
            flat = np.empty(len(obj.data.vertices) * 3, np.float32)
            obj.data.vertices.foreach_get("co", flat)
            seen.update(np.round(flat, 5).tobytes())
    for material in sorted(bpy.data.materials, key=lambda each: each.name):
        seen.update(f"{material.name} {list(material.diffuse_color)}".encode())
    return seen.hexdigest()


def ends_of(parameter: Parameter) -> list[Value]:
    """The values to try: the least, the greatest; of a switch and of a colour another one."""
    if parameter.kind == "switch":
        return [not parameter.value]
    assert parameter.min is not None
    assert parameter.max is not None
    if isinstance(parameter.value, tuple):
        return [(0.02, 0.98, 0.5)]
    make = int if parameter.kind == "count" else float
    return [value for end in (parameter.min, parameter.max) if (value := make(end)) != parameter.value]


def faults_of(code: str) -> list[str]:
    """What does not run, or changes nothing."""
    faults: list[str] = []
    plain = run(code)
    for parameter in read_parameters(code):
        for value in ends_of(parameter):
            try:
                if run(with_values(code, {parameter.name: value})) == plain:
                    faults.append(f"{parameter.name} = {value} changes nothing")
            except Exception as error:  # noqa: BLE001 - the report shows it
                faults.append(f"{parameter.name} = {value}: {error!r} {traceback.format_exc(limit=-1)}")
    return faults


def main() -> None:
    """Print the report."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    report: dict[str, Any] = {}
    for key in sys.argv[1:] or THINGS:
        code = first_code(key)
        kinds = [parameter.kind for parameter in read_parameters(code)]
        report[key] = {"faults": faults_of(code), "kinds": kinds}
    sys.stdout.write(f"REPORT={json.dumps(report)}\n")


if __name__ == "__main__":
    main()
