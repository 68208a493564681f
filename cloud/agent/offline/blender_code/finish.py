# The stubs of bpy and mathutils type data-blocks as unions and vectors as no sequences.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportReturnType=false
"""From bmeshes to finished, named, fitted objects in the scene, and the materials that they wear."""

import math
from collections.abc import Sequence
from typing import Any

import bmesh
import bpy
from mathutils import Matrix, Vector


def finish_thing(
    name: str,
    kind: str,
    parts: dict[str, bmesh.types.BMesh],
    size: tuple[float, float, float],
    materials: dict[str, dict],
    slots: Sequence[str],
    surface: Sequence[float] | None = None,
    inside: Sequence[float] | None = None,
    smooth_deg: float = 35.0,
) -> bpy.types.Object:
    """Make the root (part "") and its children ("Door" gives "<name> Door"), together of exactly `size`.

    surface, inside: (z, half_x, half_y) in the coordinates of `parts`: where things can stand on it or lie in it.
    Returns: the root, its foot centred on the origin at z=0. Frees the bmeshes.
    """
    fit = fit_matrix(parts, size)
    root = None
    for part_name, bm in parts.items():
        bm.transform(fit)
        # The child's own origin is the middle of its foot.
        origin = Vector((0, 0, 0)) if root is None else foot_of(bm)
        bmesh.ops.translate(bm, verts=bm.verts, vec=-origin)
        obj = object_from_bmesh(f"{name} {part_name}".strip(), bm, materials, slots, smooth_deg)
        obj.location = origin
        if root is None:
            root = obj
            obj["p2m_kind"] = kind
        else:
            obj.parent = root
            obj["p2m_part"] = part_name
    for key, area in (("p2m_surface", surface), ("p2m_inside", inside)):
        if root is not None and area is not None:
            z, half_x, half_y = area
            extent = (min(half_x * fit[0][0], size[0] / 2), min(half_y * fit[1][1], size[1] / 2))
            root[key] = [(fit @ Vector((0, 0, z))).z, *extent]
    return root


def fit_matrix(parts: dict[str, bmesh.types.BMesh], size: Sequence[float]) -> Matrix:
    """The scale and move that make the parts' common box `size`, centred in x and y, standing on z=0."""
    points = [vert.co for bm in parts.values() for vert in bm.verts]
    low = Vector([min(point[axis] for point in points) for axis in range(3)])
    high = Vector([max(point[axis] for point in points) for axis in range(3)])
    extent = high - low
    scale = [size[axis] / extent[axis] if extent[axis] > 1e-9 else 1.0 for axis in range(3)]
    foot = Vector(((low.x + high.x) / 2, (low.y + high.y) / 2, low.z))
    return Matrix.Diagonal((*scale, 1.0)) @ Matrix.Translation(-foot)


def foot_of(bm: bmesh.types.BMesh) -> Vector:
    """The middle of the underside of a bmesh's box."""
    xs, ys, zs = zip(*(vert.co for vert in bm.verts), strict=True)
    return Vector(((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, min(zs)))


def object_from_bmesh(
    name: str,
    bm: bmesh.types.BMesh,
    materials: dict[str, dict],
    slots: Sequence[str],
    smooth_deg: float,
    weighted: bool = True,
) -> bpy.types.Object:
    """An object in the scene with the materials that its faces use, smooth up to an angle. Frees `bm`."""
    used = sorted({face.material_index for face in bm.faces})
    for face in bm.faces:
        face.material_index = used.index(face.material_index)
        face.smooth = True
    bmesh.ops.recalc_face_normals(bm, faces=bm.faces)
    mesh = bpy.data.meshes.new(name)
    bm.to_mesh(mesh)
    bm.free()
    for index in used:
        mesh.materials.append(material(materials[slots[index]]))
    mesh.set_sharp_from_angle(angle=math.radians(smooth_deg))
    obj = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(obj)
    if weighted:
        # Large faces keep their flat look beside rounded edges.
        modifier = obj.modifiers.new("Weighted Normals", "WEIGHTED_NORMAL")
        modifier.keep_sharp = True
    return obj


def material(spec: dict[str, Any]) -> bpy.types.Material:
    """The material of this name and colour, made where it is missing.

    The Principled base colour stays a plain value, so that solid views and exports show it;
    `pattern` works on the surface's relief alone.
    """
    color = (*spec["color"], spec.get("alpha", 1.0))
    for existing in bpy.data.materials:
        same = all(abs(a - b) < 1e-4 for a, b in zip(existing.diffuse_color[:3], color[:3], strict=True))
        if existing.name.split(".")[0] == spec["name"] and same:
            return existing
    made = bpy.data.materials.new(spec["name"])
    if made.node_tree is None:
        made.use_nodes = True
    made.diffuse_color = color
    made.roughness = spec.get("roughness", 0.5)
    shader = next(node for node in made.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    values = {
        "Base Color": color,
        "Metallic": spec.get("metallic", 0.0),
        "Roughness": spec.get("roughness", 0.5),
        "Transmission Weight": spec.get("transmission", 0.0),
        "Alpha": spec.get("alpha", 1.0),
        "Emission Color": color,
        "Emission Strength": spec.get("emission", 0.0),
    }
    for socket, value in values.items():
        shader.inputs[socket].default_value = value
    if spec.get("pattern", "none") != "none":
        add_relief(made, shader, spec["pattern"])
    return made


RELIEFS = {
    "wood": ("ShaderNodeTexNoise", (2.0, 30.0, 30.0), {"Scale": 2.0, "Detail": 4.0}, 0.12),
    "bark": ("ShaderNodeTexNoise", (14.0, 14.0, 2.5), {"Scale": 1.5, "Detail": 6.0}, 0.8),
    "brick": ("ShaderNodeTexBrick", (1.0, 1.0, 1.0), {"Scale": 2.0, "Mortar Size": 0.02}, 0.5),
    "stone": ("ShaderNodeTexNoise", (1.0, 1.0, 1.0), {"Scale": 6.0, "Detail": 8.0}, 0.55),
    "marble": ("ShaderNodeTexNoise", (1.0, 1.0, 1.0), {"Scale": 3.0, "Detail": 4.0}, 0.05),
    "fabric": ("ShaderNodeTexNoise", (1.0, 1.0, 1.0), {"Scale": 160.0, "Detail": 1.0}, 0.15),
    "noise": ("ShaderNodeTexNoise", (1.0, 1.0, 1.0), {"Scale": 14.0, "Detail": 5.0}, 0.25),
}
"""Pattern to texture node, stretch, its inputs, and the relief's strength."""


def add_relief(made: bpy.types.Material, shader: bpy.types.ShaderNode, pattern: str) -> None:
    """Wire a texture through a bump node into the shader's normal."""
    node_type, stretch, inputs, strength = RELIEFS[pattern]
    nodes, links = made.node_tree.nodes, made.node_tree.links
    coordinates = nodes.new("ShaderNodeTexCoord")
    mapping = nodes.new("ShaderNodeMapping")
    texture = nodes.new(node_type)
    bump = nodes.new("ShaderNodeBump")
    mapping.inputs["Scale"].default_value = stretch
    if pattern == "brick":
        # The texture lies in x, y: stand it up on the walls.
        mapping.inputs["Rotation"].default_value = (math.radians(90), 0.0, 0.0)
    for socket, value in inputs.items():
        texture.inputs[socket].default_value = value
    bump.inputs["Strength"].default_value = strength
    bump.inputs["Distance"].default_value = 0.02
    links.new(coordinates.outputs["Object"], mapping.inputs["Vector"])
    links.new(mapping.outputs["Vector"], texture.inputs["Vector"])
    links.new(texture.outputs[0 if pattern != "brick" else 1], bump.inputs["Height"])
    links.new(bump.outputs["Normal"], shader.inputs["Normal"])
    for place, node in enumerate((coordinates, mapping, texture, bump)):
        node.location = (-900 + 200 * place, 100)
