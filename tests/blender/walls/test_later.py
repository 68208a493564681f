"""What a step leaves behind to run later: in the scene's file, in Blender's events, in threads, on disk."""

import asyncio
import os
import subprocess
import sys

import pytest

from cloud.agent.toolbox import McpToolbox
from tests.blender.pod_process import run
from tests.blender.walls.conftest import Town

pytestmark = pytest.mark.blender

_RAN = "__import__('bpy').app.driver_namespace.__setitem__('ran', 1)"
_CRAFTED = f"""
text = bpy.data.texts.new("startup.py")
text.write("{_RAN}")
text.use_module = True
bpy.ops.object.empty_add()
curve = bpy.context.object.driver_add("location", 0)
curve.driver.expression = "{_RAN} or 1.0"
node_tree = bpy.data.materials.new("m")
"""
_DID_IT_RUN = "bpy.context.scene.frame_set(5)\nprint('ran' in bpy.app.driver_namespace)"
_FORGET = """
import os, tempfile
if os.path.exists(tempfile.gettempdir() + "/tried"):
    os.unlink(tempfile.gettempdir() + "/tried")
"""
_END = "import os\nos._exit(1)"
_LEAVE = "import os, sys\nsys.stdout.flush()\nos._exit(0)"  # Blender's own teardown can hang


async def _did_it_run(box: McpToolbox) -> bool:
    return (await run(box, "run_python", code=_DID_IT_RUN))["stdout"].strip() == "True"


async def test_code_in_a_scene_s_file_does_not_run_when_it_is_opened(town: Town) -> None:
    """A text that registers itself and a driver, in a snapshot that a new Blender opens and one that is restored."""
    async with town.pod.toolbox() as box:
        made = await run(box, "run_python", code=_CRAFTED)
        await box.call("run_python", {"code": _END})
        assert not await _did_it_run(box)
        await run(box, "snapshots", action="restore", sha256="empty")
        await run(box, "snapshots", action="restore", sha256=made["snapshot"]["sha256"])
        assert not await _did_it_run(box)


@pytest.mark.heavy
async def test_that_file_does_run_its_code_where_scripts_are_trusted(town: Town) -> None:
    """The control: it was crafted well."""
    async with town.pod.toolbox() as box:
        made = await run(box, "run_python", code=_CRAFTED)
    path = town.pod.workspace / "snapshots" / f"{made['snapshot']['sha256']}.blend"
    opened = f"import bpy; bpy.ops.wm.open_mainfile(filepath={str(path)!r}, use_scripts=True)\n{_DID_IT_RUN}\n{_LEAVE}"
    done = await asyncio.to_thread(subprocess.check_output, [sys.executable, "-c", opened], text=True, timeout=60)
    assert done.strip().endswith("True")


@pytest.mark.parametrize("event", ["load_post", "load_pre", "save_pre", "depsgraph_update_post", "frame_change_post"])
async def test_a_handler_that_fires_later_meets_the_same_walls_and_goes_with_the_scene(town: Town, event: str) -> None:
    hang = f"""
import socket
@bpy.app.handlers.persistent
def reach(*_):
    try:
        socket.create_connection(("127.0.0.1", {town.world.facts["tcp_port"]}), 2)
    except OSError as error:
        bpy.app.driver_namespace["refused"] = repr(error)
bpy.app.handlers.{event}.append(reach)
"""
    told = f"print([f.__name__ for f in bpy.app.handlers.{event}], bpy.app.driver_namespace.get('refused'))"
    async with town.pod.toolbox() as box:
        await run(box, "run_python", code=hang)
        await run(box, "run_python", code="bpy.ops.mesh.primitive_cube_add()\nbpy.context.scene.frame_set(3)")
        await run(box, "snapshots", action="restore", sha256="empty")
        said = (await run(box, "run_python", code=told))["stdout"]
        assert "reach" not in said
    assert town.world.harm() == []


@pytest.mark.parametrize("kind", ["thread", "fork", "daemon"])
async def test_what_goes_on_after_its_step_reaches_nothing(town: Town, kind: str) -> None:
    port = town.world.facts["tcp_port"]
    code = f"""
import os, socket, tempfile, threading, time
TRIED = tempfile.gettempdir() + "/tried"
def reach():
    while True:
        try:
            socket.create_connection(("127.0.0.1", {port}), 2)
        except OSError:
            open(TRIED, "a").write("x")
        time.sleep(0.02)
def daemon():
    if not os.fork():
        os.setsid()
        if not os.fork():
            reach()
        os._exit(0)
def fork():
    if not os.fork():
        reach()
def thread():
    threading.Thread(target=reach, daemon=True).start()
{kind}()
end = time.monotonic() + 5
while not os.path.exists(TRIED) and time.monotonic() < end:
    time.sleep(0.01)
print(os.path.exists(TRIED))
"""
    async with town.pod.toolbox() as box:
        assert (await run(box, "run_python", code=code))["stdout"].strip() == "True", "it did not even try"
        await run(box, "run_python", code="import time\ntime.sleep(0.2)")
        await run(box, "run_python", code=_FORGET)
    assert town.world.harm() == []


async def test_what_is_left_in_blender_s_own_folders_is_gone_with_it(town: Town) -> None:
    leave = f"""
import os
for kind in ("SCRIPTS", "CONFIG"):
    folder = bpy.utils.user_resource(kind, path="startup", create=True)
    open(os.path.join(folder, "evil.py"), "w").write("{_RAN}")
getattr(bpy.ops.wm, "save_" + "userpref")()
getattr(bpy.ops.wm, "save_" + "homefile")()
open(os.path.expanduser("~/.bashrc"), "w").write("exit 1")
open("usercustomize.py", "w").write("{_RAN}")
open("bpy.py", "w").write("raise SystemExit")
"""
    async with town.pod.toolbox() as box:
        await run(box, "run_python", code=leave)
        await box.call("run_python", {"code": _END})
        assert not await _did_it_run(box)
        seen = (await run(box, "run_python", code="import os\nprint(os.listdir())"))["stdout"]
    assert "bpy.py" not in seen
    assert "usercustomize.py" not in seen
    kept = {"exports", "imports", "snapshots"} | ({"children"} if town.contained else set())
    assert set(os.listdir(town.pod.workspace)) == kept
