# pyright: reportAttributeAccessIssue=false, reportMissingModuleSource=false
# The stubs of bpy know no property of a subclass.
"""What a saved `.blend` holds, read by a fresh Blender: `python -m scripts.bench.agent.blend_facts FILE`.

Prints JSON. Scripts in the file do not run. The file is not changed.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

_ROOT = Path(__file__).resolve().parents[3]
_GEOMETRY = frozenset({"MESH", "CURVE", "SURFACE", "META", "FONT"})
_LIMIT_S = 180
_SAID_CHARS = 300


def read_facts(blend: Path) -> dict[str, Any]:
    """The facts, from a process of its own; `{"opens": false, "error": …}` where it could not be read."""
    command = [sys.executable, "-P", "-m", "scripts.bench.agent.blend_facts", str(blend)]
    environment = os.environ | {"PYTHONPATH": str(_ROOT)}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_LIMIT_S, check=False, errors="replace"
        )
    except subprocess.TimeoutExpired:
        return {"opens": False, "error": f"Blender had not read the file after {_LIMIT_S} s."}
    try:
        facts = json.loads(done.stdout.rpartition("FACTS ")[2])
    except ValueError:
        said = done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"]
        return {"opens": False, "error": said[-1][:_SAID_CHARS]}
    return facts


def main() -> None:
    """Print the facts of the file that the command line names."""
    import bpy

    try:
        bpy.ops.wm.open_mainfile(filepath=sys.argv[1], load_ui=False, use_scripts=False)
    except RuntimeError as error:
        print("FACTS " + json.dumps({"opens": False, "error": str(error)[:_SAID_CHARS]}))
        return
    print("FACTS " + json.dumps(_facts()))


def _facts() -> dict[str, Any]:
    import bpy

    scene, graph = bpy.context.scene, bpy.context.evaluated_depsgraph_get()
    objects: dict[str, dict[str, Any]] = {}
    used: dict[str, Any] = {}
    shapes: dict[str, dict[str, Any] | None] = {}
    for shown in graph.object_instances:
        obj, place = shown.object, np.array(shown.matrix_world)
        if obj is None or obj.original is None or obj.type not in _GEOMETRY or obj.original.hide_render:
            continue
        if obj.name not in shapes:
            shapes[obj.name] = _shape_of(obj)
        if (shape := shapes[obj.name]) is None:
            continue
        used |= {slot.material.name: slot.material for slot in obj.material_slots if slot.material}
        # What is instanced counts as part of what instances it.
        owner = shown.parent.original if shown.is_instance and shown.parent else obj.original
        _add(objects, owner, obj, shape, place)
    return {
        "opens": True,
        "objects": list(objects.values()),
        "materials": [{"name": name, "colour": _base_colour(material)} for name, material in sorted(used.items())],
        "lights": sum(obj.type == "LIGHT" for obj in scene.objects),
        "has_camera": scene.camera is not None,
        "version": list(bpy.data.version),
    }


def _shape_of(obj: Any) -> dict[str, Any] | None:
    """The evaluated mesh's own facts; None where it has no face."""
    import bmesh

    mesh = obj.to_mesh()
    if mesh is None or not mesh.polygons:
        return None
    mesh.calc_loop_triangles()
    points = np.empty(3 * len(mesh.vertices), dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    shape = bmesh.new()
    shape.from_mesh(mesh)
    facts = {
        "points": points.reshape(-1, 3),
        "triangles": len(mesh.loop_triangles),
        "open_edges": sum(not edge.is_manifold for edge in shape.edges),
    }
    shape.free()
    obj.to_mesh_clear()
    return facts


def _add(objects: dict[str, dict[str, Any]], owner: Any, obj: Any, shape: dict[str, Any], place: Any) -> None:
    corners = shape["points"] @ place[:3, :3].T + place[:3, 3]
    low, high = corners.min(axis=0), corners.max(axis=0)
    facts = objects.setdefault(
        owner.name,
        {
            "name": owner.name,
            "type": owner.type,
            "parent": owner.parent.name if owner.parent else "",
            "min": low.tolist(),
            "max": high.tolist(),
            "triangles": 0,
            "open_edges": 0,
            "unapplied_scale": any(abs(part - 1) > 1e-3 for part in owner.scale),
            "bare": False,
        },
    )
    facts["min"] = np.minimum(facts["min"], low).tolist()
    facts["max"] = np.maximum(facts["max"], high).tolist()
    facts["triangles"] += shape["triangles"]
    facts["open_edges"] += shape["open_edges"]
    facts["bare"] |= not any(slot.material for slot in obj.material_slots)


def _base_colour(material: Any) -> list[float]:
    """Of the first Principled node where it is a plain value, else the colour of the solid view."""
    nodes = material.node_tree.nodes if material.use_nodes and material.node_tree else ()
    for node in nodes:
        if node.type == "BSDF_PRINCIPLED" and not node.inputs["Base Color"].is_linked:
            return [round(part, 4) for part in node.inputs["Base Color"].default_value[:3]]
    return [round(part, 4) for part in material.diffuse_color[:3]]


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)
