# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportOptionalSubscript=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Solid shading knows no shader nodes: each material's colour is read from its nodes and lent to the drawing."""

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

Colour = tuple[float, float, float, float]

_GLASS_TINT = 0.75  # how far glass goes towards white
_GLASS_ALPHA = 0.4
_DEEPEST = 6  # nodes up the tree


@contextmanager
def drawn_in_base_colours() -> Iterator[None]:
    """The block draws every node material in its base colour; the materials are as before afterwards."""
    before: dict[str, tuple[tuple[float, ...], float]] = {}
    for material in bpy.data.materials:
        colour = _swatch(material)
        if colour and material.library is None:
            before[material.name] = (tuple(material.diffuse_color), material.metallic)
            material.diffuse_color, material.metallic = colour, 0.0
    try:
        yield
    finally:
        for name, (colour, metallic) in before.items():
            material = bpy.data.materials[name]
            material.diffuse_color, material.metallic = colour, metallic


def textured() -> bool:
    """Whether a material shows an image in its base colour, and that image is the node that a viewport draws."""
    return any(_image_node(material) for material in bpy.data.materials if material.users)


def _image_node(material: bpy.types.Material) -> bpy.types.Node | None:
    if not material.use_nodes or not material.node_tree:
        return None
    shown = material.node_tree.nodes.active
    if shown is None or shown.type != "TEX_IMAGE" or shown.image is None:
        return None
    links = shown.outputs["Color"].links or ()
    return shown if any(link.to_socket.name == "Base Color" for link in links) else None


def _swatch(material: bpy.types.Material) -> Colour | None:
    """The colour that the material looks like, from its nodes; None where they tell nothing."""
    if not material.use_nodes or not material.node_tree:
        return None
    for node in material.node_tree.nodes:
        if node.type == "BSDF_PRINCIPLED":
            return _principled_swatch(node)
    for node in material.node_tree.nodes:
        if node.type in {"BSDF_GLASS", "BSDF_REFRACTION", "BSDF_TRANSPARENT"}:
            return _glass(mean_colour(node.inputs["Color"]))
        if node.type in {"EMISSION", "BSDF_DIFFUSE", "BSDF_GLOSSY", "BSDF_METALLIC", "BSDF_TOON"}:
            return _opaque(mean_colour(node.inputs[0]))
    return None


def _principled_swatch(node: bpy.types.Node) -> Colour:
    colour = mean_colour(node.inputs["Base Color"])
    transmission = node.inputs.get("Transmission Weight") or node.inputs.get("Transmission")
    if transmission and not transmission.is_linked and transmission.default_value > 0.5:
        return _glass(colour)
    glow = node.inputs.get("Emission Color") or node.inputs.get("Emission")
    strength = node.inputs.get("Emission Strength")
    if glow and strength and not strength.is_linked and strength.default_value > 0.5:
        colour = mean_colour(glow)
    alpha = node.inputs["Alpha"]
    return (*colour[:3], 1.0 if alpha.is_linked else max(0.15, float(alpha.default_value)))


def mean_colour(socket: bpy.types.NodeSocket) -> Colour:
    """The colour of a colour socket: its own, or an average of the plain colours that feed it, through few nodes."""
    return _socket_colour(socket, _DEEPEST)


def _socket_colour(socket: bpy.types.NodeSocket, depth: int) -> Colour:
    """The socket's colour: an average of what feeds it, or its own where nothing does or what does is no colour."""
    value = getattr(socket, "default_value", None)
    own = _as_colour(value) if hasattr(value, "__len__") else (0.8, 0.8, 0.8, 1.0)
    if not socket.is_linked or depth == 0:
        return own
    node = socket.links[0].from_node
    if node.type == "RGB":
        return _as_colour(node.outputs[0].default_value)
    if node.type == "VALTORGB":
        return _mean([_as_colour(element.color) for element in node.color_ramp.elements])
    feeding = [entry for entry in node.inputs if entry.type == "RGBA" and entry.enabled]
    if feeding:
        return _mean([_socket_colour(entry, depth - 1) for entry in feeding])
    return own


def _glass(colour: Colour) -> Colour:
    red, green, blue = (part + (1.0 - part) * _GLASS_TINT for part in colour[:3])
    return (red, green, blue, _GLASS_ALPHA)


def _opaque(colour: Colour) -> Colour:
    return (*colour[:3], 1.0)


def _mean(colours: list[Colour]) -> Colour:
    red, green, blue, alpha = (sum(parts) / len(colours) for parts in zip(*colours, strict=True))
    return (red, green, blue, alpha)


def _as_colour(value: object) -> Colour:
    red, green, blue, *_ = tuple(value)  # pyright: ignore[reportArgumentType]
    return (float(red), float(green), float(blue), 1.0)
