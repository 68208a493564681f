# pyright: reportAttributeAccessIssue=false
# The stubs of bpy know little of RNA's own properties.
"""The API of the Blender that runs, read from itself: what `lookup` answers from.

One line of JSON an entry, so that the front can keep the text and parse only what it is asked for:
the first line is `{"blender": version}`, each other an entry of one of these kinds (`k`), named by `n`:

- `class`: `b` base, `l` label, `d` what it is, `p` properties, `f` functions, `in`/`out` sockets of a node,
  `how` it is made
- `op`: an operator, `l`, `d`, `p` its parameters
- `py`: what is written in Python or C (mathutils, bmesh, bpy.utils …), `s` signature, `d` documentation

A property is `{"n", "t" type, "v" default, "r" [min, max], "e" [enum items], "d", "c" class of a collection}`;
absent means none. A socket is the same with `id` where its name is not its identifier.
"""

import ast
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

import bpy

from cloud.blender.child.api_docs import python_members, rna_class_members
from cloud.blender.child.api_instances import makers, node_sockets, nothing_left_behind
from cloud.blender.child.api_properties import DESCRIPTION_LIMIT, described_property, signature_of
from cloud.blender.child.capture import captured_output
from cloud.blender.frames import Message

_FILE_BROWSER = re.compile(r"filter_\w+|display_type|sort_method|hide_props_region|filemode|rna_type")
_PANEL_STATE = re.compile(r"open_\w+_panel|show_expanded")
_OF_ADDON_NODES = {"input_template", "output_template", "is_registered_node_type"}


def build_api_index() -> Message:
    """One blob: the zlib-compressed index of the running Blender. The open scene stays as it is."""
    entries: list[dict[str, Any]] = [{"blender": ".".join(map(str, bpy.app.version))}]
    with nothing_left_behind(), captured_output():  # Blender warns of its own API's blemishes, by the dozen
        entries += _classes()
        entries += _operators()
        entries += python_members()
    lines = "\n".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in entries)
    blob = zlib.compress(lines.encode(errors="replace"), 6)
    structured = {"blender": entries[0]["blender"], "entries": len(entries) - 1}
    text = f"The API of Blender {structured['blender']}: {structured['entries']} entries."
    return Message({"text": text, "structured": structured, "media_type": "application/zlib"}, (blob,))


def _classes() -> Iterator[dict[str, Any]]:
    """The types of bpy.types; of panels, menus and the like the base alone."""
    offered, sockets, made_by = _offered_enums(), dict(node_sockets()), dict(makers())
    bases = [getattr(bpy.types, name) for name in ("Panel", "Menu", "Header", "UIList", "Operator", "KeyingSetInfo")]
    of_addons = {cls.__name__: cls for cls in bpy.types.PropertyGroup.__subclasses__()}
    for name, cls in {**{name: getattr(bpy.types, name) for name in dir(bpy.types)}, **of_addons}.items():
        rna = getattr(cls, "bl_rna", None)
        if rna is None or any(issubclass(cls, base) and cls is not base for base in bases):
            continue
        base = rna.base
        inherited = set(base.properties.keys()) if base else {"rna_type"}
        inherited_functions = set(base.functions.keys()) if base else set()
        unasked = inherited_functions | _OF_ADDON_NODES
        entry: dict[str, Any] = {"k": "class", "n": name, "b": base.identifier if base else "", "l": rna.name}
        entry["d"] = rna.description[:DESCRIPTION_LIMIT]
        entry["p"] = [
            described_property(prop)
            for prop in rna.properties
            if prop.identifier not in inherited and not _PANEL_STATE.fullmatch(prop.identifier)
        ]
        for prop in entry["p"]:
            if items := offered.get((name, prop["n"])):
                prop["e"] = items
                if prop.get("v") not in items:
                    prop.pop("v", None)
        entry["f"] = [_function(func) for func in rna.functions if func.identifier not in unasked]
        entry["f"] += rna_class_members(cls, {func["n"] for func in entry["f"]} | inherited_functions)
        entry |= sockets.get(name, {}) | ({"how": made_by[name]} if name in made_by else {})
        yield entry


def _function(func: bpy.types.Function) -> dict[str, Any]:
    return {"n": func.identifier, "s": signature_of(func), "d": func.description[:DESCRIPTION_LIMIT]}


def _operators() -> Iterator[dict[str, Any]]:
    for module in dir(bpy.ops):
        group = getattr(bpy.ops, module)
        for name in dir(group):
            rna = getattr(group, name).get_rna_type()
            parameters = [p for p in rna.properties if not _FILE_BROWSER.fullmatch(p.identifier)]
            yield {
                "k": "op",
                "n": f"bpy.ops.{module}.{name}",
                "l": rna.name,
                "d": rna.description[:DESCRIPTION_LIMIT],
                "p": [described_property(parameter) for parameter in parameters],
            }


def _offered_enums() -> dict[tuple[str, str], list[str]]:
    """Enum items that Blender makes up as it runs (render engines …), by type and property."""
    scene = bpy.context.scene
    asked = [
        (scene.render, "engine"),
        (scene.render.image_settings, "file_format"),
        (scene.view_settings, "view_transform"),
        (scene.view_settings, "look"),
        (scene.display_settings, "display_device"),
        (scene.sequencer_colorspace_settings, "name"),
    ]
    found = {}
    for owner, name in asked:
        try:
            setattr(owner, name, "?")  # refused: the refusal lists what there is
        except TypeError as error:
            listed = str(error).partition(" not found in ")[2]
            found[owner.bl_rna.identifier, name] = list(ast.literal_eval(listed)) if listed else []
    return found
