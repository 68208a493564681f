"""Blender's child is not believed: whatever it writes to the front, the pod stays whole and so does the scene."""

import json

import pytest

from cloud.agent.toolbox import McpToolbox
from tests.blender.pod_process import run
from tests.blender.walls import forgeries, inside
from tests.blender.walls.attempts import as_step, functions_of
from tests.blender.walls.conftest import Town, files_in

pytestmark = pytest.mark.blender

_ENOUGH_BY_DEFAULT = {
    "a_snapshot_of_a_neighbour",
    "a_file_of_the_kernel_as_snapshot",
    "a_file_that_cannot_be_read_as_snapshot",
    "a_sparse_file_as_snapshot",
    "files_that_are_not_there",
    "pictures_of_a_gibibyte",
    "json_nested_just_so_deep",
    "shapes_that_are_wrong",
}
FORGERIES = [
    pytest.param(name, marks=() if name in _ENOUGH_BY_DEFAULT else pytest.mark.heavy)
    for name in functions_of(forgeries)
    if name != "half_a_scene_as_snapshot"
]
_BUILD = "bpy.ops.mesh.primitive_cube_add()\nbpy.context.object.name = 'Mine'"


def _code(name: str, town: Town) -> str:
    call = f"import os\n{name}(Line(), json.loads({json.dumps(json.dumps(town.world.facts))}))\nos._exit(0)"
    return as_step(inside, forgeries, call=call)


async def _names(box: McpToolbox) -> list[str]:
    return [entry["name"] for entry in (await run(box, "inspect"))["objects"]]


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_answer_harms_nobody(town: Town, name: str) -> None:
    async with town.pod.toolbox(_BUILD) as box:
        before = {entry["sha256"] for entry in (await run(box, "snapshots", action="list"))["snapshots"]}
        forged = await box.call("run_python", {"code": _code(name, town)})
        assert forged.structured.get("snapshot") in (None, {}), "a step that handed over no scene has none"
        assert len(json.dumps([forged.content, forged.structured])) < 10 * 2**20
        after = await run(box, "snapshots", action="list")
        assert {entry["sha256"] for entry in after["snapshots"]} == before
        assert await _names(box) == ["Mine"]
    assert town.world.harm() == []
    assert [path.name for path in (town.pod.workspace / "snapshots").iterdir() if path.suffix != ".blend"] == []


async def test_a_snapshot_that_does_not_open_gives_way_to_the_one_before(town: Town) -> None:
    async with town.pod.toolbox(_BUILD) as box:
        await box.call("run_python", {"code": _code("half_a_scene_as_snapshot", town)})
        assert await _names(box) == ["Mine"]


@pytest.mark.parametrize("name", ["../../outside", None])  # more in tests/blender/test_intake.py
async def test_an_export_under_a_forged_name_is_refused(town: Town, name: object) -> None:
    async with town.pod.toolbox(_BUILD) as box:
        before = _exports(town)
        await run(box, "run_python", code=_answering_exports([{"name": name}]))
        refused = await box.call("export", {"format": "stl"})
        assert refused.is_error
        assert _exports(town) == before
        assert await _names(box) == ["Mine"]
    assert town.world.harm() == []


@pytest.mark.parametrize("files", [5, None])
async def test_a_forged_list_of_exports_is_refused(town: Town, files: object) -> None:
    async with town.pod.toolbox(_BUILD) as box:
        await run(box, "run_python", code=_answering_exports(files))
        assert (await box.call("export", {"format": "stl"})).is_error
        assert await _names(box) == ["Mine"]


def _exports(town: Town) -> set[str]:
    return {path.name for path in (town.pod.workspace / "exports").iterdir()}


def _answering_exports(files: object) -> str:
    """A step that makes the child's own code answer the next `export` with this list and a real file."""
    forged = """
import os, sys
from cloud.blender.frames import Message
def export(**_):
    fd = os.memfd_create("export")
    os.write(fd, b"solid forged")
    return Message({"text": "", "structured": {"ok": True, "files": json.loads(FILES)}}, fds=(fd,))
frame = sys._getframe()
while "desk" not in frame.f_locals:
    frame = frame.f_back
desk = frame.f_locals["desk"]
desk._tools["export"] = export
"""
    return f"import json\nFILES = {json.dumps(json.dumps(files))}\n{forged}"


async def test_a_changed_child_cannot_poison_what_pods_share(town: Town) -> None:
    """Compiled shaders and the API index come from children in which no user's code ran."""
    before = {path: path.read_bytes() for path in files_in(town.cache)}
    forged = """
import sys
from cloud.blender.frames import Message
frame = sys._getframe()
while "desk" not in frame.f_locals:
    frame = frame.f_back
desk = frame.f_locals["desk"]
for name in ("build_api_index", "warm_up", "ping"):
    desk._tools[name] = lambda **_: Message({"text": "", "structured": {"blender": "0"}}, (b"poison",))
"""
    async with town.pod.toolbox() as box:
        await run(box, "run_python", code=forged)
        assert town.pod.process.poll() is None
        await run(box, "inspect")
    assert {path: path.read_bytes() for path in files_in(town.cache)} == before
