# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportArgumentType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""One object in depth: everything that one would look up before changing it, a line each."""

import math
from collections.abc import Iterator
from typing import Any

import bpy

from cloud.blender.child.wording import counted, cut, listed

_COMMON = frozenset(bpy.types.Modifier.bl_rna.properties.keys()) | frozenset(
    bpy.types.Constraint.bl_rna.properties.keys()
)
_OF_NO_USE = ("show_", "open_", "bake_", "debug_", "execution_time")
_SETTINGS_AT_MOST = 10
_ENTRIES_AT_MOST = 12
_VALUE_KINDS = frozenset({"BOOLEAN", "INT", "FLOAT", "STRING", "ENUM", "POINTER"})


def object_card(obj: bpy.types.Object, facts: dict[str, Any]) -> list[str]:
    """The object's lines: place and size first, then what it is made of, then its kin and custom properties."""
    lines = [
        f"location {_row(obj.location)}; rotation {_turn(obj)}; scale {_row(obj.scale)}",
        f"world: {_row(facts['dimensions'], ' × ')} m, from {_row(facts['min'])} to {_row(facts['max'])}",
    ]
    lines += [f"mesh {cut(facts['data'])}: {text}" for text in _mesh_counts(obj, facts)]
    lines += [facts["note"]] if facts["note"] else []
    lines += [f"modifier {cut(entry.name)} [{entry.type}]: {_settings(entry)}" for entry in obj.modifiers]
    lines += [f"constraint {cut(entry.name)} [{entry.type}]: {_settings(entry)}" for entry in obj.constraints]
    lines += [f"material {_material(slot.material)}" for slot in obj.material_slots if slot.material]
    empty = sum(slot.material is None for slot in obj.material_slots)
    lines += [f"{empty} empty material slots"] if empty else []
    lines += _layers(obj)
    lines += _animation(obj)
    lines += _kin(obj, facts)
    lines += [f"property {cut(key)} = {_value(obj[key])}" for key in obj.keys()]  # noqa: SIM118 - obj is no dict
    return lines


def _mesh_counts(obj: bpy.types.Object, facts: dict[str, Any]) -> Iterator[str]:
    if obj.type != "MESH":
        if facts["triangles"]:
            yield counted(facts["triangles"], "triangle")
        return
    mesh = obj.data
    users = f"; shared by {mesh.users} objects" if mesh.users > 1 else ""
    vertices = counted(len(mesh.vertices), "vertex", "vertices")
    counts = f"{vertices}, {counted(len(mesh.edges), 'edge')}, {counted(len(mesh.polygons), 'face')}"
    evaluated = f"; {counted(facts['triangles'], 'triangle')} evaluated"
    yield counts + evaluated + users


def _settings(owner: Any) -> str:
    """What was set on a modifier or constraint: the values that differ from their defaults come first."""
    rows: list[tuple[bool, str]] = []
    for entry in owner.bl_rna.properties:
        if entry.identifier in _COMMON or entry.type not in _VALUE_KINDS or entry.identifier.startswith(_OF_NO_USE):
            continue
        value = getattr(owner, entry.identifier, None)
        if value is None or (entry.type == "POINTER" and not isinstance(value, bpy.types.ID)):
            continue
        default = getattr(entry, "default_array" if getattr(entry, "is_array", False) else "default", None)
        plain = tuple(value) if hasattr(value, "__len__") and not isinstance(value, (str, set)) else value
        is_default = plain == (tuple(default) if isinstance(plain, tuple) and default is not None else default)
        if value or not is_default:
            rows.append((is_default, f"{entry.identifier}={_value(value)}"))
    custom = owner.keys() if owner.bl_rna.identifier == "NodesModifier" else ()  # the inputs of its node group
    rows = [(False, f"{cut(key)}={_value(owner[key])}") for key in custom] + rows
    rows.sort(key=lambda row: row[0])
    return ", ".join(text for _, text in rows[:_SETTINGS_AT_MOST])


def _material(material: bpy.types.Material) -> str:
    tree = material.node_tree if material.use_nodes else None
    if tree is None:
        return f"{cut(material.name)}: no nodes, colour {_row(material.diffuse_color)}"
    parts = []
    shader = next((node for node in tree.nodes if node.type == "BSDF_PRINCIPLED"), None)
    if shader:
        names = ("Base Color", "Roughness", "Metallic", "Alpha", "Transmission Weight", "Emission Strength")
        defaults = {"Alpha": 1.0, "Transmission Weight": 0.0, "Emission Strength": 0.0}
        for name in names:
            entry = shader.inputs.get(name)
            if entry and entry.is_linked:
                parts.append(f"{name} from {entry.links[0].from_node.type}")
            elif entry and entry.default_value != defaults.get(name):
                parts.append(f"{name} {_value(entry.default_value)}")
    else:
        parts.append("nodes " + ", ".join(sorted({node.type for node in tree.nodes})[:8]))
    images = [node.image for node in tree.nodes if node.type == "TEX_IMAGE" and node.image]
    parts += [f"image {cut(image.name)} {image.size[0]}×{image.size[1]}" for image in images[:4]]
    return f"{cut(material.name)}: {', '.join(parts)}"


def _layers(obj: bpy.types.Object) -> Iterator[str]:
    data = obj.data
    rows = {
        "UV maps": [layer.name for layer in getattr(data, "uv_layers", ())],
        "colour attributes": [layer.name for layer in getattr(data, "color_attributes", ())],
        "vertex groups": [group.name for group in getattr(obj, "vertex_groups", ())],
    }
    keys = getattr(data, "shape_keys", None)
    rows["shape keys"] = [f"{key.name} {key.value:.3g}" for key in keys.key_blocks] if keys else []
    rows["particle systems"] = [f"{entry.name} ({entry.settings.count})" for entry in obj.particle_systems]
    rows["bones"] = [bone.name for bone in data.bones] if obj.type == "ARMATURE" else []
    for label, names in rows.items():
        if names:
            yield f"{label}: {listed(names, _ENTRIES_AT_MOST)}"


def _animation(obj: bpy.types.Object) -> Iterator[str]:
    for owner, where in ((obj, ""), (obj.data, " of its data")):
        animation = getattr(owner, "animation_data", None)
        if animation and animation.action:
            first, last = animation.action.frame_range
            yield f"animation{where}: action {cut(animation.action.name)}, frames {first:g} to {last:g}"
        for driver in animation.drivers[:_ENTRIES_AT_MOST] if animation else ():
            yield f"driver{where}: {cut(driver.data_path)}[{driver.array_index}] = {cut(driver.driver.expression, 80)}"


def _kin(obj: bpy.types.Object, facts: dict[str, Any]) -> Iterator[str]:
    if obj.parent:
        bone = f", bone {cut(obj.parent_bone)}" if obj.parent_bone else ""
        yield f"parent {cut(obj.parent.name)}{bone}"
    if obj.children:
        yield f"children: {listed((child.name for child in obj.children), _ENTRIES_AT_MOST)}"
    if facts["collections"]:
        yield f"collections: {listed(facts['collections'], _ENTRIES_AT_MOST)}"
    ways = {"renders": obj.hide_render, "viewport": obj.hide_viewport or obj.hide_get()}
    hidden = [way for way, is_hidden in ways.items() if is_hidden]
    if hidden:
        yield f"hidden in {' and '.join(hidden)}"


def _turn(obj: bpy.types.Object) -> str:
    if obj.rotation_mode == "QUATERNION":
        return f"{_row(obj.rotation_quaternion)} quaternion"
    if obj.rotation_mode == "AXIS_ANGLE":
        return f"{_row(obj.rotation_axis_angle)} axis-angle"
    return f"{_row([math.degrees(angle) for angle in obj.rotation_euler])}°"


def _row(values: Any, separator: str = ", ") -> str:
    row = separator.join(f"{value + 0.0:.4g}" for value in values)
    return row if separator != ", " else f"({row})"


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, bpy.types.ID):
        return cut(value.name)
    if hasattr(value, "to_dict"):
        return cut(str(value.to_dict()), 100)
    if not isinstance(value, str) and hasattr(value, "__len__") and hasattr(value, "__getitem__"):
        numbers = [part for part in value[:8] if isinstance(part, (int, float))]
        return _row(numbers) if numbers else cut(str(list(value[:8])), 100)
    return cut(str(value), 100)
