"""What to do where an operator refuses its context: the data API for the common ones, else the mode it needs."""

import bpy

_INSTEAD = {
    "object.modifier_add": "obj.modifiers.new(name, type)",
    "object.modifier_apply": "bpy.context.temp_override(object=obj), in object mode",
    "object.constraint_add": "obj.constraints.new(type)",
    "object.material_slot_add": "obj.data.materials.append(material)",
    "object.parent_set": "child.parent = obj",
    "object.particle_system_add": "obj.modifiers.new(name, 'PARTICLE_SYSTEM')",
    "object.shade_smooth": "obj.data.shade_smooth()",
    "object.shade_flat": "obj.data.shade_flat()",
    "object.duplicate": "obj.copy() and collection.objects.link(copy)",
    "object.delete": "bpy.data.objects.remove(obj)",
    "object.transform_apply": "obj.data.transform(obj.matrix_world)",
    "object.vertex_group_add": "obj.vertex_groups.new(name=name)",
    "object.shape_key_add": "obj.shape_key_add(name=name)",
    "object.select_all": "obj.select_set(False) for each object",
    "object.join": "bmesh.from_mesh() of each mesh, after an active mesh object is set",
    "view3d.snap_cursor_to_selected": "scene.cursor.location = obj.location",
    "node.add_node": "tree.nodes.new(type)",
    "node.link_make": "tree.links.new(output, input)",
    "uv.unwrap": "edit mode with faces selected (bpy.ops.object.mode_set(mode='EDIT'))",
}
_MODES = {
    "mesh": ("EDIT_MESH", "EDIT", "a mesh"),
    "uv": ("EDIT_MESH", "EDIT", "a mesh"),
    "curve": ("EDIT_CURVE", "EDIT", "a curve"),
    "armature": ("EDIT_ARMATURE", "EDIT", "an armature"),
    "pose": ("POSE", "POSE", "an armature"),
    "sculpt": ("SCULPT", "SCULPT", "a mesh"),
}
_EDITORS = (
    "view3d",
    "screen",
    "outliner",
    "image",
    "node",
    "clip",
    "sequencer",
    "graph",
    "action",
    "nla",
    "wm",
    "view2d",
)


def context_hint(module: str, name: str) -> str:
    """How to do without the operator `module.name`, or how to get it the context that it needs."""
    operator = f"{module}.{name}"
    mode = bpy.context.mode
    if module in _MODES and mode != _MODES[module][0]:
        _, wanted, kind = _MODES[module]
        instead = ", or use bmesh" if kind == "a mesh" else ""
        return f"make {kind} active, then bpy.ops.object.mode_set(mode='{wanted}') first{instead}"
    if module == "object" and mode != "OBJECT":
        return "this needs object mode: bpy.ops.object.mode_set(mode='OBJECT') first"
    if operator in _INSTEAD:
        return f"the operator's context is missing; use {_INSTEAD[operator]}"
    if module in _EDITORS:
        return "this operator needs an editor, and there is none here; use bpy.data instead"
    active = bpy.context.active_object
    if active is None:
        return "no object is active; set bpy.context.view_layer.objects.active = obj and obj.select_set(True)"
    return f"it does not suit the active object ({active.type}) or the selection; use bpy.data instead"
