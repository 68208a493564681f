# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
"""Run inside Blender by `test_things`: builds every thing of the catalogue and writes what it measured as JSON.

Usage: things_report.py OUTPUT [KEY...]
"""

import importlib
import json
import pkgutil
import sys
import traceback
from pathlib import Path
from typing import Any

import bpy

# `bmesh` and `mathutils` can be imported only once `bpy` is.
# isort: split
import bmesh
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from cloud.agent.offline import blender_code
from cloud.agent.offline.catalogue import THINGS, Thing, slot_material

SCALES = ((1.0, 1.0, 1.0), (1.5, 0.8, 1.2))


def builders() -> dict[str, Any]:
    """Every builder by name."""
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules(blender_code.__path__):
        names = vars(importlib.import_module(f"{blender_code.__name__}.{module.name}"))
        found.update({name: value for name, value in names.items() if name.startswith("build_")})
    return found


def mesh_faults(mesh: bpy.types.Mesh) -> dict[str, int]:
    """Counts of what a clean solid has none of; `inward` counts islands whose normals enclose no positive volume."""
    bm = bmesh.new()
    bm.from_mesh(mesh)
    faults = {
        "open_edges": sum(not edge.is_manifold for edge in bm.edges),
        "loose_verts": sum(not vert.link_faces for vert in bm.verts),
        "thin_faces": sum(face.calc_area() < 1e-12 for face in bm.faces),
    }
    bm.free()
    count = len(mesh.vertices)
    edges = np.empty(len(mesh.edges) * 2, np.int32)
    mesh.edges.foreach_get("vertices", edges)
    a, b = edges[0::2], edges[1::2]
    island = np.arange(count)
    while True:
        lowest = island.copy()
        np.minimum.at(lowest, a, island[b])
        np.minimum.at(lowest, b, island[a])
        lowest = lowest[lowest]
        if np.array_equal(lowest, island):
            break
        island = lowest
    corners = np.empty(len(mesh.loop_triangles) * 3, np.int32)
    mesh.loop_triangles.foreach_get("vertices", corners)
    corners = corners.reshape(-1, 3)
    # Each island about a vertex of its own, so that small solids far from the origin keep their sign.
    places = coordinates(mesh).astype(np.float64)
    p, q, r = (places[corners[:, k]] - places[island[corners[:, k]]] for k in range(3))
    volumes = np.bincount(island[corners[:, 0]], np.einsum("ij,ij->i", p, np.cross(q, r)), count)
    faults["inward"] = int((volumes[np.unique(island[corners])] <= 0).sum())
    return faults


def coordinates(mesh: bpy.types.Mesh) -> NDArray[np.float32]:
    """The mesh's own vertices, (V, 3)."""
    flat = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", flat)
    return flat.reshape(-1, 3)


def measure(root: bpy.types.Object) -> dict[str, Any]:
    """The root and its children as they stand in the scene."""
    bpy.context.view_layer.update()
    family = [root, *root.children_recursive]
    points = np.vstack([coordinates(obj.data) + np.array(obj.matrix_world.translation) for obj in family])
    low, high = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    faults = {"open_edges": 0, "loose_verts": 0, "thin_faces": 0, "inward": 0}
    triangles, bare = 0, 0
    for obj in family:
        mesh = obj.data
        mesh.calc_loop_triangles()
        triangles += len(mesh.loop_triangles)
        indices = np.empty(len(mesh.polygons), np.int32)
        mesh.polygons.foreach_get("material_index", indices)
        bare += int((indices >= len(mesh.materials)).sum())
        bare += sum(not slot or not slot.name for slot in mesh.materials)
        for key, count in mesh_faults(mesh).items():
            faults[key] += count
    surface = root.get("p2m_surface")
    inside = root.get("p2m_inside")
    return {
        "low": low,
        "high": high,
        "triangles": triangles,
        "bare_faces": bare,
        "points": points,
        "kind": root.get("p2m_kind"),
        "name": root.name,
        "mesh_name": root.data.name,
        "children": [child.name for child in root.children],
        "scales": [list(obj.scale) for obj in family],
        "materials": [slot.name for obj in family for slot in obj.data.materials],
        "main_color": list(root.data.materials[0].diffuse_color)[:3],
        "surface": list(surface) if surface is not None else None,
        "inside": list(inside) if inside is not None else None,
        **faults,
    }


def clear() -> None:
    """Empty the scene, ten times faster than factory settings do."""
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.meshes, *bpy.data.materials])


def build(thing: Thing, scale: tuple[float, float, float], make: Any) -> dict[str, Any]:
    """Build one thing into an empty scene and measure it."""
    clear()
    size = tuple(extent * factor for extent, factor in zip(thing.size_m, scale, strict=True))
    materials = {slot: slot_material(text) for slot, text in thing.materials.items()}
    try:
        root = make(thing.key.title(), size, materials, **thing.params)
    except Exception:  # noqa: BLE001 - any failure of a builder is this report's content
        return {"error": traceback.format_exc(limit=-3)}
    in_scene = set(bpy.context.scene.objects)
    strays = [obj.name for obj in bpy.data.objects if obj not in in_scene]
    strays += [mesh.name for mesh in bpy.data.meshes if mesh.users == 0]
    strays += [obj.name for obj in in_scene if obj is not root and obj not in root.children_recursive]
    return {"size": size, "strays": strays, **measure(root)}


def stage_report() -> dict[str, Any]:
    """What `add_stage`, run twice, leaves, and where the corners of a thing lie in its picture."""
    from bpy_extras.object_utils import world_to_camera_view

    from cloud.agent.offline.blender_code.furniture import build_chair
    from cloud.agent.offline.blender_code.stage import add_stage

    bpy.ops.wm.read_factory_settings(use_empty=True)
    thing = THINGS["chair"]
    chair = build_chair("Chair", thing.size_m, {slot: slot_material(text) for slot, text in thing.materials.items()})
    add_stage()
    camera = add_stage()
    bpy.context.view_layer.update()
    scene = bpy.context.scene
    seen = [world_to_camera_view(scene, camera, chair.matrix_world @ Vector(corner)) for corner in chair.bound_box]
    return {
        "objects": sorted(obj.name for obj in bpy.data.objects),
        "camera": scene.camera.name if scene.camera else None,
        "seen": [list(point) for point in seen],
        "lights": len(bpy.data.lights),
    }


def main() -> None:
    """Write the report."""
    found = builders()
    keys = sys.argv[2:] or list(THINGS)
    report: dict[str, Any] = {"stage": stage_report(), "things": {}}
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for key in keys:
        thing = THINGS[key]
        make = found.get(thing.builder)
        if make is None:
            report["things"][key] = [{"error": f"no builder {thing.builder}"}]
            continue
        builds = [build(thing, scale, make) for scale in SCALES]
        builds.append(build(thing, SCALES[0], make))
        first, *_, again = [made.pop("points", np.zeros(0)) for made in builds]
        # bmesh's bevel differs by one unit in the last place from run to run.
        same = first.shape == again.shape and np.allclose(first, again, rtol=1e-5, atol=1e-6)
        builds[-1]["repeats"] = bool(same)
        report["things"][key] = builds
    Path(sys.argv[1]).write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main()
