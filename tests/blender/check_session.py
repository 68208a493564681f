# The stubs of bpy know no property of a subclass, and some as methods.
# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false, reportReturnType=false
"""Runs `check` on scenes in one real bpy process: one JSON case a line on stdin, one JSON report a line on stdout.

A case is `{"clean": how many sound objects stand there first, "prompts": what the offline modeller is asked for,
"code": what is done then, "check": the arguments}`, all optional.
A program of its own, because bpy may not be imported where tests run.
"""

import json
import math
import os
import random
import sys

import bpy  # the module that brings the others

# isort: split
import bmesh
import mathutils
import numpy as np

from cloud.blender.child.check import check_scene, warm_up_checks
from tests.agent.offline.blender_session import converse

SPACING_M = 3.0


def lay_out(count: int) -> None:
    """`count` sound objects a few metres apart on the level z = 0; from ten on with a floor under them."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    material = bpy.data.materials.new("Clay")
    meshes = [_mesh(kind, material) for kind in ("cube", "ball", "can", "cone", "ring", "ico")]
    side = math.ceil(math.sqrt(count))
    middle = (side - 1) * SPACING_M / 2
    for i in range(count):
        obj = bpy.data.objects.new(f"Sound {i}", meshes[i % len(meshes)])
        low = min(vert.co.z for vert in obj.data.vertices)
        obj.location = (i % side * SPACING_M - middle, i // side * SPACING_M - middle, -low)
        bpy.context.scene.collection.objects.link(obj)
    if count >= 10:
        bpy.ops.mesh.primitive_plane_add(size=(side + 1) * SPACING_M)
        bpy.context.object.name = "Floor"
        bpy.context.object.data.materials.append(material)


def _mesh(kind: str, material: bpy.types.Material) -> bpy.types.Mesh:
    if kind == "ring":
        bpy.ops.mesh.primitive_torus_add(major_radius=0.4, minor_radius=0.15)
        mesh = bpy.context.object.data
        bpy.data.objects.remove(bpy.context.object)
    else:
        mesh, bm = bpy.data.meshes.new(kind), bmesh.new()
        if kind == "cube":
            bmesh.ops.create_cube(bm, size=1)
        elif kind == "ball":
            bmesh.ops.create_uvsphere(bm, u_segments=24, v_segments=12, radius=0.5)
        elif kind == "ico":
            bmesh.ops.create_icosphere(bm, subdivisions=2, radius=0.5)
        else:
            top = 0.5 if kind == "can" else 0.0
            bmesh.ops.create_cone(bm, cap_ends=True, segments=24, radius1=0.5, radius2=top, depth=1)
        bm.to_mesh(mesh)
        bm.free()
    mesh.materials.append(material)
    return mesh


def add_box(
    name: str, size: tuple[float, float, float] = (1, 1, 1), at: tuple[float, float, float] = (0, 0, 0.5)
) -> bpy.types.Object:
    """A box with a material and applied scale, around `at`."""
    mesh, bm = bpy.data.meshes.new(name), bmesh.new()
    bmesh.ops.create_cube(bm, size=1)
    bmesh.ops.scale(bm, vec=size, verts=bm.verts)
    bm.to_mesh(mesh)
    bm.free()
    mesh.materials.append(bpy.data.materials.get("Clay") or bpy.data.materials.new("Clay"))
    obj = bpy.data.objects.new(name, mesh)
    obj.location = at
    bpy.context.scene.collection.objects.link(obj)
    return obj


def edit(obj: bpy.types.Object) -> bmesh.types.BMesh:
    """The object's mesh to change; `done` puts it back."""
    bm = bmesh.new()
    bm.from_mesh(obj.data)
    for sequence in (bm.verts, bm.edges, bm.faces):
        sequence.ensure_lookup_table()
    return bm


def done(obj: bpy.types.Object, bm: bmesh.types.BMesh) -> None:
    """Put an edited mesh back."""
    bm.to_mesh(obj.data)
    bm.free()
    obj.data.update()


def paint() -> None:
    """Give a material to every mesh that has none."""
    for obj in bpy.data.objects:
        if obj.type in {"MESH", "CURVE", "FONT", "META", "SURFACE"} and not obj.data.materials:
            obj.data.materials.append(bpy.data.materials.get("Clay") or bpy.data.materials.new("Clay"))


def main() -> None:
    """Answer cases until stdin closes."""
    warm_up_checks()
    names = {"bpy": bpy, "bmesh": bmesh, "mathutils": mathutils, "math": math, "random": random, "np": np}
    names |= {"add_box": add_box, "edit": edit, "done": done, "paint": paint}
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Blender's own chatter
    for line in sys.stdin:
        case = json.loads(line)
        random.seed(0)
        lay_out(case.get("clean", 0))
        for prompt in case.get("prompts", ()):
            converse(prompt, {"titles": [], "errors": []})
        exec(case.get("code", ""), dict(names))  # noqa: S102
        message = check_scene(**case.get("check", {}))
        report = message.header["structured"] | {"text": message.header["text"]}
        answers.write(json.dumps(report) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
