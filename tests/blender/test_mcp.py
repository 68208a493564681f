"""The pod as any MCP client sees it: tools, results, resources, in both eras of the protocol."""

import base64
import hashlib
import json
import re
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp_types import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    BlobResourceContents,
    ImageContent,
    ListResourcesResult,
    TextContent,
)

from cloud.blender.resources import PAGE_LENGTH, READ_LIMIT_BYTES
from tests.blender.mcp_clients import ERAS, connected
from tests.blender.pod_process import RunningPod, run

pytestmark = pytest.mark.blender

CUBE = "bpy.ops.mesh.primitive_cube_add()"
TOOLS = ["run_python", "look", "inspect", "check", "lookup", "snapshots", "export", "import_file"]
READING = {"look", "inspect", "check", "lookup", "export"}


def tokens_at_most(text: str) -> int:
    """A safe bound: a token for every six letters of a word begun, and for every run of other characters."""
    pieces = re.findall(r"[A-Za-z]+|\d{1,3}|[^\sA-Za-z\d]+", text)
    return sum(-(-len(piece) // 6) if piece.isalpha() else 1 for piece in pieces)


@pytest.mark.parametrize("mode", ERAS)
async def test_all_tools_are_listed_with_their_hints_in_few_characters(pod: RunningPod, mode: str) -> None:
    async with connected(pod, mode) as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == TOOLS
    for tool in tools:
        hints = tool.annotations
        assert hints
        assert hints.title
        assert hints.open_world_hint is False
        assert hints.read_only_hint is (tool.name in READING)
        assert hints.destructive_hint is (tool.name in {"run_python", "snapshots"})
        assert tool.input_schema["additionalProperties"] is False
    listed = json.dumps([tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools])
    assert len(listed) < 6_000
    for_the_model = [{"name": t.name, "description": t.description, "input_schema": t.input_schema} for t in tools]
    assert tokens_at_most(json.dumps(for_the_model)) < 1_500


@pytest.mark.parametrize("mode", ERAS)
async def test_a_step_gives_text_and_data(pod: RunningPod, mode: str) -> None:
    async with pod.toolbox(), connected(pod, mode) as client:
        result = await client.call_tool("run_python", {"code": CUBE, "title": "a cube", "timeout_s": 60})
    assert not result.is_error
    assert isinstance(result.content[0], TextContent)
    assert "Cube" in result.content[0].text
    assert result.structured_content["changed"]["added"] == ["Cube"]


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("run_python", {}, "'code' is missing"),
        ("run_python", {"code": 5}, "'code' should be a valid string, not 5"),
        ("run_python", {"code": "1", "codee": "2"}, "no argument 'codee' (there are: code, title"),
        ("run_python", {"code": "1", "timeout_s": 0}, "'timeout_s' should be greater than or equal to 1, not 0"),
        ("run_python", {"code": "1", "timeout_s": 1801}, "'timeout_s' should be less than or equal to 1800"),
        ("run_python", {"code": "1", "timeout_s": "60"}, "'timeout_s' should be a valid number, not '60'"),
        ("run_python", {"code": "1", "keep_on_error": "no"}, "'keep_on_error' should be a valid boolean"),
        ("look", {"views": ["sideways"]}, "'views.0' should be 'front'"),
        ("look", {"views": []}, "'views'"),
        ("look", {"size": 100_000}, "'size' should be less than or equal to 2048"),
        ("look", {"size": True}, "'size' should be a valid integer"),
        ("look", {"format": "exe"}, "'format' should be 'png' or 'webp', not 'exe'"),
        ("inspect", {"page": 0}, "'page'"),
        ("check", {"triangle_budget": -1}, "'triangle_budget'"),
        ("lookup", {}, "'query' is missing"),
        ("snapshots", {"action": "burn"}, "'action' should be 'list'"),
        ("export", {"format": "exe"}, "'format' should be 'blend'"),
        ("export", {"format": "glb", "scale": 0}, "'scale' should be greater than 0"),
        ("import_file", {"file": None}, "'file' should be a valid string, not None"),
    ],
)
async def test_wrong_arguments_are_told_by_name_and_nothing_runs(
    pod: RunningPod, mode: str, tool: str, arguments: dict[str, Any], said: str
) -> None:
    async with connected(pod, mode) as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert isinstance(result.content[0], TextContent)
    assert said in result.content[0].text
    assert result.structured_content["error"]["type"] == "invalid_input"


@pytest.mark.parametrize("mode", ERAS)
async def test_a_tool_that_is_not_there_is_a_protocol_error_that_names_those_that_are(
    pod: RunningPod, mode: str
) -> None:
    async with connected(pod, mode) as client:
        with pytest.raises(MCPError, match=r"no tool 'run_pythno'.*run_python, look") as refused:
            await client.call_tool("run_pythno", {"code": "1"})
    assert refused.value.code == INVALID_PARAMS


async def test_what_the_policy_refuses_does_not_run(pod: RunningPod) -> None:
    async with pod.toolbox(CUBE) as box:
        result = await box.call(
            "run_python", {"code": "bpy.data.objects['Cube'].name = 'X'\nbpy.ops.wm.quit_blender()"}
        )
        assert result.is_error
        assert result.structured["error"]["type"] == "refused"
        assert [entry["name"] for entry in (await run(box, "inspect"))["objects"]] == ["Cube"]


async def _pages(client: Client) -> list[ListResourcesResult]:
    pages = [await client.list_resources()]
    while pages[-1].next_cursor:
        pages.append(await client.list_resources(cursor=pages[-1].next_cursor))
    return pages


@pytest.mark.parametrize("mode", ERAS)
async def test_pictures_and_snapshots_can_be_read_again_as_resources(pod: RunningPod, mode: str) -> None:
    async with pod.toolbox(CUBE), connected(pod, mode) as client:
        sha256 = (await client.call_tool("snapshots", {"action": "list"})).structured_content["current"]
        seen = await client.call_tool("look", {"size": 64})
        assert isinstance(seen.content[1], ImageContent)
        uris = [resource.uri for page in await _pages(client) for resource in page.resources]
        assert uris[0] == f"p2m://snapshots/{sha256}.blend"
        [picture_uri] = seen.structured_content["pictures"]
        assert next(uri for uri in uris if "/pictures/" in uri) == picture_uri
        picture = (await client.read_resource(picture_uri)).contents[0]
        assert isinstance(picture, BlobResourceContents)
        assert (picture.blob, picture.mime_type) == (seen.content[1].data, "image/png")
        snapshot = (await client.read_resource(uris[0])).contents[0]
        assert isinstance(snapshot, BlobResourceContents)
        assert hashlib.sha256(base64.b64decode(snapshot.blob)).hexdigest() == sha256
        templates = (await client.list_resource_templates()).resource_templates
    assert {template.uri_template for template in templates} == {
        "p2m://snapshots/{sha256}.blend",
        "p2m://pictures/{name}",
        "p2m://exports/{name}",
    }


async def test_only_the_last_pictures_are_kept(pod: RunningPod) -> None:
    async with pod.toolbox(CUBE), connected(pod) as client:
        taken: list[str] = []
        for _ in range(4):
            seen = await client.call_tool(
                "look", {"size": 64, "views": ["front", "top", "left", "right", "back", "bottom"]}
            )
            taken += seen.structured_content["pictures"]
        listed = [r.uri for page in await _pages(client) for r in page.resources if "/pictures/" in r.uri]
        with pytest.raises(MCPError, match="no resource"):
            await client.read_resource(taken[0])
    assert listed == taken[:-21:-1]


async def test_resources_come_in_pages(pod: RunningPod) -> None:
    made = [pod.workspace / "exports" / f"page-{number:03}.txt" for number in range(PAGE_LENGTH + 5)]
    for path in made:
        path.write_text("x")
    try:
        async with connected(pod) as client:
            pages = await _pages(client)
            with pytest.raises(MCPError, match="no such page"):
                await client.list_resources(cursor="p2m://exports/never")
    finally:
        for path in made:
            path.unlink()
    assert len(pages) > 1
    assert {len(page.resources) for page in pages[:-1]} == {PAGE_LENGTH}
    uris = [resource.uri for page in pages for resource in page.resources]
    assert len(uris) == len(set(uris))
    assert {f"p2m://exports/{path.name}" for path in made} <= set(uris)


@pytest.mark.parametrize(
    "uri", ["p2m://exports/../auth.py", "p2m://exports/link.txt", "p2m://pictures/0.png", "file:///etc/passwd"]
)
async def test_a_resource_that_is_none_of_ours_is_absent(pod: RunningPod, uri: str) -> None:
    link = pod.workspace / "exports" / "link.txt"
    link.unlink(missing_ok=True)
    link.symlink_to("/etc/passwd")
    async with connected(pod) as client:
        with pytest.raises(MCPError, match="no resource") as absent:
            await client.read_resource(uri)
        uris = [r.uri for page in await _pages(client) for r in page.resources]
        assert "p2m://exports/link.txt" not in uris
    link.unlink()
    assert absent.value.code == INVALID_PARAMS


async def test_a_file_too_long_for_mcp_is_refused_with_the_way_to_it(pod: RunningPod) -> None:
    big = pod.workspace / "exports" / "big.glb"
    with big.open("wb") as file:
        file.truncate(READ_LIMIT_BYTES + 1)
    async with connected(pod) as client:
        with pytest.raises(MCPError, match=r"GET /files/exports/big\.glb") as refused:
            await client.read_resource("p2m://exports/big.glb")
    big.unlink()
    assert refused.value.code == INVALID_REQUEST
