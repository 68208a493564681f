# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# pyright: reportIndexIssue=false
"""Results as a pod saves them, and what a hostile server would send instead. (bpy)"""

from pathlib import Path
from typing import Any

import bpy


def fresh() -> Any:
    """Factory settings, the default cube, camera and light, and a first undo step. Returns: the scene."""
    bpy.ops.wm.read_factory_settings(use_empty=False)
    bpy.context.preferences.filepaths.use_scripts_auto_execute = True  # the worst setting that a user can have
    bpy.ops.ed.undo_push(message="Original")
    return bpy.context.scene


def material(name: str, colour: tuple[float, float, float], picture: bool = True) -> Any:
    """A material of a colour, with a node group and a packed picture."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    tree = made.node_tree
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs[0].default_value = (*colour, 1.0)
    if picture:
        image = bpy.data.images.get("Grain") or bpy.data.images.new("Grain", 8, 8)
        image.pixels[:] = [0.25] * (8 * 8 * 4)
        image.pack()
        node = tree.nodes.new("ShaderNodeTexImage")
        node.image = image
        tree.links.new(node.outputs[0], shader.inputs[2])
        group = bpy.data.node_groups.get("Worn") or bpy.data.node_groups.new("Worn", "ShaderNodeTree")
        if not group.nodes:
            group.nodes.new("ShaderNodeMath").inputs[0].default_value = 0.75
        tree.nodes.new("ShaderNodeGroup").node_tree = group
    return made


def thing(name: str, size: float, at: tuple[float, float, float], look: Any, where: Any) -> Any:
    """A box with a material, in a collection."""
    half = size / 2
    corners = [(x, y, z) for x in (-half, half) for y in (-half, half) for z in (-half, half)]
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(corners, [], faces)
    mesh.materials.append(look)
    obj = bpy.data.objects.new(name, mesh)
    obj.location = at
    where.objects.link(obj)
    return obj


_made: dict[tuple[int, bool], bytes] = {}


def result(path: Path, version: int = 1, compress: bool = False, alter: Any = None) -> Path:
    """A table with two mugs: version 2 is higher, red, and has a bowl instead of a mug. The same again is a copy."""
    if alter is None and (version, compress) in _made:
        path.write_bytes(_made[version, compress])
        return path
    _make(path, version, compress, alter)
    if alter is None:
        _made[version, compress] = path.read_bytes()
    return path


def _make(path: Path, version: int, compress: bool, alter: Any) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=False)
    scene = bpy.context.scene
    home = scene.collection.children[0]
    bpy.data.batch_remove([obj for obj in bpy.data.objects if obj.type == "MESH"])
    wood = material("Wood", (0.4, 0.2, 0.1) if version == 1 else (0.8, 0.1, 0.1))
    clay = material("Clay", (0.9, 0.9, 0.8))
    table = thing("Table", 1.0, (0, 0, 0.5 if version == 1 else 0.6), wood, home)
    dishes = bpy.data.collections.new("Dishes")
    home.children.link(dishes)
    mug = thing("Mug", 0.1, (0.2, 0, 1.05), clay, dishes)
    mug.parent = table
    thing("Mug.001" if version == 1 else "Bowl", 0.1, (-0.2, 0, 1.05), clay, dishes).parent = table
    if alter is not None:
        alter(scene)
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=compress, check_existing=False)


def hostile(path: Path, canary: Path, secret: Path) -> Path:
    """A result that writes the canary wherever Blender would run it, and names the secret wherever it would read."""

    def alter(scene: Any) -> None:
        bpy.context.preferences.filepaths.use_scripts_auto_execute = False
        table = bpy.data.objects["Table"]
        code = f"open({str(canary)!r}, 'a').write('x')"
        curve = table.driver_add("location", 0).driver
        curve.expression = f"({code}) * 1.0"
        harmless = table.driver_add("location", 1).driver
        harmless.expression = "2 * 0.25"
        tree = bpy.data.materials["Wood"].node_tree
        value = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED").inputs[1]
        value.driver_add("default_value").driver.expression = f"({code}) * 0.5"
        table.shape_key_add(name="Basis")
        key = table.shape_key_add(name="Key")
        key.driver_add("value").driver.expression = f"({code}) * 0.5"
        text = bpy.data.texts.new("register.py")
        text.write(code)
        text.use_module = True
        tree.nodes.new("ShaderNodeScript").script = text
        table["text"] = text
        away = bpy.data.images.new("Away", 4, 4)
        away.source, away.filepath_raw = "FILE", str(secret)
        tree.nodes.new("ShaderNodeTexImage").image = away
        bpy.data.objects["Mug"].modifiers.new("cache", "MESH_CACHE").filepath = str(secret)
        bpy.data.images["Grain"].filepath_raw = "//../../../../etc/grain.png"
        volume = bpy.data.volumes.new("Smoke")
        volume.filepath = str(secret)
        scene.collection.objects.link(bpy.data.objects.new("Smoke", volume))

    return result(path, alter=alter)


def state() -> dict[str, Any]:
    """All that is in the user's file, as names and numbers that can be compared.

    Not what is linked: Blender keeps that in memory over an undo, and saves none of it that is not used.
    """
    counts = bpy.app.version >= (4, 3)  # 4.2 counts the users of what a copied material shows twice
    kinds = [entry.identifier for entry in bpy.types.BlendData.bl_rna.properties if entry.type == "COLLECTION"]
    found: dict[str, Any] = {
        kind: sorted((block.name, block.users * counts) for block in getattr(bpy.data, kind) if not block.library)
        for kind in kinds
        if kind not in {"screens", "workspaces", "window_managers", "libraries"}
    }
    found["places"] = {
        obj.name: [round(value, 5) for row in obj.matrix_world for value in row]
        for obj in bpy.data.objects
        if not obj.library
    }
    found["homes"] = {
        obj.name: sorted(entry.name for entry in obj.users_collection) for obj in bpy.data.objects if not obj.library
    }
    found["selected"] = sorted(obj.name for obj in bpy.context.view_layer.objects if obj.select_get())
    active = bpy.context.view_layer.objects.active
    found["active"], found["mode"] = active and active.name, active.mode if active else ""
    found["camera"], found["world"] = str(bpy.context.scene.camera), str(bpy.context.scene.world)
    return found
