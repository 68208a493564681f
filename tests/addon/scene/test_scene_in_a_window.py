"""What only a Blender with a window can show: its undo in modes, local view, the viewport's picture, timers."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from tests.addon.scene.test_scene import ROOT
from tests.addon.support.bpy_wheels import OWN, blender_python
from tests.addon.support.window import BlenderWindow, blender_window

pytestmark = [pytest.mark.blender, pytest.mark.heavy]

PREPARE = """
import sys
sys.path.insert(0, "/tmp/source")
import addon.scene as scene
shared["scene"] = scene
from pathlib import Path
def options(**changes):
    return scene.ImportOptions(**({"project_id": "p", "project_name": "Tea for two"} | changes))
def timed(**changes):
    going = scene.steps(Path("/tmp/result.blend"), options(**changes), bpy.context)
    def tick():
        try:
            next(going)
        except StopIteration as end:
            shared["imported"] = end.value
            return None
        return 0.01
    shared.pop("imported", None)
    bpy.app.timers.register(tick)
shared["timed"] = timed
def undo():
    window, area = view_3d()
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        return bpy.ops.ed.undo()
shared["undo"] = undo
"""
MAKE = """
import os, sys
from pathlib import Path
from tests.addon.scene.makes import result
result(Path(sys.argv[1]))
os._exit(0)
"""


@pytest.fixture(scope="module", params=["4.3", "5.2"])
def window(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlenderWindow]:
    folder = tmp_path_factory.mktemp("window")
    shutil.copytree(ROOT / "addon", folder / "source" / "addon", ignore=shutil.ignore_patterns("__pycache__"))
    making = [str(blender_python(OWN)), "-c", MAKE, str(folder / "result.blend")]
    subprocess.run(making, check=True, timeout=120, cwd=ROOT, stdout=subprocess.DEVNULL)
    with blender_window(request.param, folder) as opened:
        opened.run(PREPARE)
        yield opened


@pytest.fixture(autouse=True)
def _fresh(window: BlenderWindow) -> None:
    window.run("bpy.ops.wm.read_factory_settings(use_empty=False)")
    window.wait("'Cube' in bpy.data.objects", limit_s=30)
    window.run("bpy.context.preferences.view.show_splash = False; bpy.ops.ed.undo_push(message='Original')")


def _import(window: BlenderWindow, **changes: str) -> None:
    listed = ", ".join(f"{name}={value!r}" for name, value in changes.items())
    window.run(f"shared['timed']({listed})")
    window.wait("'imported' in shared", limit_s=60)


def test_import_by_a_timer_is_one_undo_step(window: BlenderWindow) -> None:
    _import(window)
    assert window.run("return 'Table' in bpy.context.scene.objects")
    window.run("shared['undo']()")
    assert window.run("return 'Table' not in bpy.data.objects and 'Cube' in bpy.data.objects")


@pytest.mark.parametrize("mode", ["EDIT", "SCULPT"])
def test_import_in_a_mode_comes_back_to_it_and_is_one_undo_step(window: BlenderWindow, mode: str) -> None:
    enter = f"""
window, area = view_3d()
region = next(region for region in area.regions if region.type == 'WINDOW')
with bpy.context.temp_override(window=window, area=area, region=region):
    bpy.ops.object.mode_set('EXEC_DEFAULT', True, mode={mode!r})
    if {mode!r} == 'EDIT':
        bpy.ops.mesh.select_all(action='SELECT')
        bpy.ops.mesh.subdivide('EXEC_DEFAULT', True)
return bpy.context.view_layer.objects.active.mode
"""
    assert window.run(enter) == mode
    _import(window)
    assert window.run("return bpy.data.objects['Cube'].mode") == mode
    assert window.run("return 'Table' in bpy.context.scene.objects")
    window.run("shared['undo']()")
    assert window.run("return 'Table' not in bpy.context.scene.objects")
    assert window.run("return bpy.data.objects['Cube'].mode") == mode
    if mode == "EDIT":
        count = "import bmesh; return len(bmesh.from_edit_mesh(bpy.data.objects['Cube'].data).verts)"
        assert window.run(count) == 26, "the edit before is still there"


def test_in_local_view_the_result_shows(window: BlenderWindow) -> None:
    window.run("""
window, area = view_3d()
region = next(region for region in area.regions if region.type == 'WINDOW')
with bpy.context.temp_override(window=window, area=area, region=region):
    bpy.ops.view3d.localview(frame_selected=False)
bpy.data.objects['Cube'].select_set(False)
bpy.context.scene.cursor.location = (0, 3, 0)
""")
    before = _picture(window)
    _import(window, at="CURSOR")
    # `local_view_get` says no of all objects, of those in local view too: so this looks.
    changed = ImageChops.difference(before, _picture(window)).convert("L").histogram()
    assert sum(changed[20:]) > 500, "the table shows beside the cube"


def _picture(window: BlenderWindow) -> Image.Image:
    code = "return str(shared['scene'].viewport.picture(bpy.context, __import__('pathlib').Path('/tmp'), 512))"
    with Image.open(window.folder / Path(window.run(code)).name) as picture:
        return picture.convert("RGB")


def test_the_picture_is_of_the_viewport_and_no_render_is_made(window: BlenderWindow) -> None:
    window.run("bpy.context.scene.render.resolution_x = 123")
    images = window.run("return [image.name for image in bpy.data.images]")
    picture = _picture(window)
    assert max(picture.size) == 512
    assert len(picture.getcolors(2**20) or ()) > 50
    assert window.run("return bpy.context.scene.render.resolution_x") == 123
    assert window.run("return [image.name for image in bpy.data.images]") == images


def test_a_selection_is_written_from_edit_mode(window: BlenderWindow) -> None:
    written = """
from pathlib import Path
bpy.context.view_layer.objects.active = bpy.data.objects['Cube']
window, area = view_3d()
region = next(region for region in area.regions if region.type == 'WINDOW')
with bpy.context.temp_override(window=window, area=area, region=region):
    bpy.ops.object.mode_set(mode='EDIT')
files = [shared['scene'].selection.write([bpy.data.objects['Cube']], Path('/tmp'), kind) for kind in ('glb', 'blend')]
return [file.stat().st_size for file in files] + [bpy.data.objects['Cube'].mode]
"""
    glb, blend, mode = window.run(written)
    assert min(glb, blend) > 1000
    assert mode == "EDIT"
