"""The pod's MCP tools. Each asks the child through the supervisor and words the answer for the model.

Every failure that the model can mend is a result with `is_error`, never a protocol error.
"""

import base64
from typing import Annotated, Any, Literal

from mcp.server import MCPServer
from mcp.types import CallToolResult, ContentBlock, ImageContent, TextContent
from pydantic import Field

from cloud.blender.frames import Message
from cloud.blender.supervisor import BlenderSupervisor
from cloud.errors import Prompt2MeshError

View = Literal["front", "back", "left", "right", "top", "three_quarter", "camera"]
Shading = Literal["solid", "material", "rendered"]
Format = Literal["blend", "glb", "fbx", "obj", "stl", "usdc", "ply"]

_RUN_PYTHON = (
    "Run Python in Blender 4.5 and keep the scene if it succeeds; if it fails, the scene goes back to what it was. "
    "Each call starts with fresh names: bpy, bmesh, mathutils, math, random (seeded), np. Metres, Z up. "
    "Prefer bpy.data and bmesh to operators; find nodes by type. Returns stdout, what changed, or the failing line. "
    "title: what the step does, in a few words, for the user."
)
_LOOK = (
    "Pictures of the scene, framed to show all of it, one per view (front looks along +Y). "
    "solid: fast, base colours; material: real materials in even light; rendered: the scene's own lights, "
    "or a studio where it has none."
)
_INSPECT = (
    "The scene as text: objects with kind, dimensions, position, parent, materials, triangles. object: only that."
)
_SNAPSHOTS = "list: the snapshots of this scene; restore: go back to one by sha256 ('empty': an empty scene)."
_EXPORT = "Write the whole scene to a file for the user."


def register_tools(server: MCPServer[Any], supervisor: BlenderSupervisor) -> None:
    """Add the tools to the server, in the order in which the model sees them."""

    async def ask(tool: str, **arguments: Any) -> CallToolResult:
        try:
            return _as_result(await supervisor.call(tool, arguments))
        except Prompt2MeshError as error:
            return _as_failure(error)

    @server.tool(description=_RUN_PYTHON)
    async def run_python(code: str, title: str = "") -> CallToolResult:
        return await ask("run_python", code=code, title=title)

    @server.tool(description=_LOOK)
    async def look(
        views: Annotated[list[View], Field(min_length=1, max_length=7)] = ["three_quarter"],  # noqa: B006
        shading: Shading = "solid",
        size: Annotated[int, Field(ge=64, le=2048)] = 512,
    ) -> CallToolResult:
        return await ask("look", views=views, shading=shading, size=size)

    @server.tool(description=_INSPECT)
    async def inspect(object: str = "", filter: str = "", page: int = 1) -> CallToolResult:  # noqa: A002
        return await ask("inspect", object=object, filter=filter, page=page)

    @server.tool(description=_SNAPSHOTS)
    async def snapshots(action: Literal["list", "restore"], sha256: str = "") -> CallToolResult:
        try:
            return _as_result(await supervisor.snapshots(action, sha256))
        except Prompt2MeshError as error:
            return _as_failure(error)

    @server.tool(description=_EXPORT)
    async def export(
        format: Format,  # noqa: A002
        name: str = "scene",
        objects: list[str] = [],  # noqa: B006
        apply_modifiers: bool = True,
        scale: float = 1.0,
        up: Literal["", "Y", "Z"] = "",
    ) -> CallToolResult:
        wish = {"name": name, "objects": objects, "apply_modifiers": apply_modifiers, "scale": scale, "up": up}
        return await ask("export", format=format, **wish)

    @server.tool(description="Add a file that was uploaded to /files/imports/{name} to the scene.")
    async def import_file(file: str, scale: float = 1.0, collection: str = "") -> CallToolResult:
        return await ask("import_file", file=file, scale=scale, collection=collection)


def _as_result(answer: Message) -> CallToolResult:
    """The child's answer as MCP content: its text, then its pictures."""
    content: list[ContentBlock] = [TextContent(type="text", text=str(answer.header.get("text", "")))]
    content += [
        ImageContent(type="image", data=base64.b64encode(png).decode(), mime_type="image/png") for png in answer.blobs
    ]
    return CallToolResult(
        content=content,
        structured_content=answer.header.get("structured", {}),
        is_error=bool(answer.header.get("is_error")),
    )


def _as_failure(error: Prompt2MeshError) -> CallToolResult:
    """What the front itself has to say, in the shape of a failed step."""
    structured = {
        "ok": False,
        "stdout": "",
        "changed": {"summary": "", "added": [], "removed": [], "modified": []},
        "error": {"type": error.code, "message": str(error), "line": None, "source": ""},
        "snapshot": None,
    }
    content: list[ContentBlock] = [TextContent(type="text", text=str(error))]
    return CallToolResult(content=content, structured_content=structured, is_error=True)
