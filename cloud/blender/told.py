"""What a model is told of the pod's tools, and in `cloud.api.gateway` a user's own agent."""

from dataclasses import dataclass

from mcp_types import Tool, ToolAnnotations

from cloud.blender import arguments as given
from cloud.blender.arguments import Arguments, input_schema


@dataclass(frozen=True)
class Told:
    """What a client sees of a tool."""

    title: str
    description: str
    takes: type[Arguments]
    reads_only: bool = False
    destroys: bool = False
    repeatable: bool = False


TOLD: dict[str, Told] = {
    "run_python": Told(
        "Run Python",
        "Run Python in Blender 4.5. The scene is kept if it succeeds, else it goes back to what it was "
        "(keep_on_error: stays as far as it came). Fresh names each call: bpy, bmesh, mathutils, math, random, np. "
        "Metres, Z up. Prefer bpy.data and bmesh to operators; find nodes by type. Returns stdout, the last "
        "expression's value, what changed, boxes of what was made or moved; or the failing line with a hint. title: "
        "what the step does, for the user.",
        given.RunPython,
        destroys=True,
    ),
    "look": Told(
        "Look",
        "Pictures, one per view (front looks along +Y; around: four from about the subject), or one labelled sheet. "
        "solid: fast, base colours; material: real materials, even light; rendered: the scene's own lights. objects "
        "with show: around frames them, isolate draws only them, highlight colours them.",
        given.Look,
        reads_only=True,
        repeatable=True,
    ),
    "inspect": Told(
        "Inspect",
        "The scene as text, in pages: objects with size, place, lowest and highest z, parent, materials, modifiers; "
        "alike ones folded. object: that one in depth. filter: a name or pattern, type:LIGHT, material:Wood, "
        "collection:Props; each: written before it gives a line per object.",
        given.Inspect,
        reads_only=True,
        repeatable=True,
    ),
    "check": Told(
        "Check geometry",
        "Measured faults of objects (none named: all): open or non-manifold edges, flipped normals, "
        "self-intersections, parts that float, hover, interpenetrate or lie below the ground, scale, missing "
        "materials, triangles over the budget. Each with the object, the number and the mend.",
        given.Check,
        reads_only=True,
        repeatable=True,
    ),
    "lookup": Told(
        "Look up the API",
        "The exact API of this Blender, by name (bpy.ops.mesh.bevel, ShaderNodeBsdfPrincipled inputs) or by words "
        "(bevel modifier).",
        given.Lookup,
        reads_only=True,
        repeatable=True,
    ),
    "snapshots": Told(
        "Snapshots",
        "The scene's history: a snapshot per successful step. list; restore: back to sha256 ('empty': an empty "
        "scene); branch: go on from sha256, under a label; label: name sha256; diff: what changed from sha256 to "
        "other ('': now).",
        given.Snapshots,
        destroys=True,
        repeatable=True,
    ),
    "export": Told(
        "Export",
        "Write the scene, or only objects, to a file for the user; it is read back and compared. scale 1000: "
        "millimetres. up: the file's up axis.",
        given.Export,
        reads_only=True,
        repeatable=True,
    ),
    "import_file": Told(
        "Import a file",
        "Add an uploaded file (PUT /files/imports/{name}; file: that name) to the scene: blend, glb, gltf, obj, stl, "
        "ply, fbx, usd, or a picture as a reference plane. collection: a new one for it.",
        given.ImportFile,
    ),
}


def listed_tools() -> list[Tool]:
    """The tools as a client sees them, always in this order."""
    return [listed_tool(name, told) for name, told in TOLD.items()]


def listed_tool(name: str, told: Told) -> Tool:
    """One tool as a client sees it."""
    return Tool(
        name=name,
        description=told.description,
        input_schema=input_schema(told.takes),
        annotations=ToolAnnotations(
            title=told.title,
            read_only_hint=told.reads_only,
            destructive_hint=told.destroys,
            idempotent_hint=told.repeatable,
            open_world_hint=False,
        ),
    )
