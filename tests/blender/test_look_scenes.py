"""Pictures of awkward scenes: never black, never empty, never clipped, and the scene as it was."""

from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from cloud.errors import InvalidInput
from tests.blender.picture_process import Picture, PictureProcess, picture_process

pytestmark = pytest.mark.blender

NEIGHBOURS = "block('Red', RED); block('Blue', BLUE, place=(0, 3, 0)); block('Green', GREEN, place=(3, 0, 0))\n"

# Everything that RNA can read, but for what reading an image changes and what the depsgraph keeps for itself.
STATE = """
def values(owner, deep=1):
    found = []
    for prop in owner.bl_rna.properties:
        if prop.identifier in {"rna_type", "is_evaluated", "session_uid", "name_full", "pixels", "has_data"}:
            continue
        value = getattr(owner, prop.identifier, None)
        if prop.type in {"BOOLEAN", "INT", "FLOAT", "STRING", "ENUM"}:
            found.append((prop.identifier, tuple(value) if getattr(prop, "is_array", False) else str(value)))
        elif prop.type == "POINTER" and isinstance(value, bpy.types.ID):
            found.append((prop.identifier, value.name))
        elif prop.type == "POINTER" and value is not None and deep:
            found.append((prop.identifier, values(value, deep - 1)))
        elif prop.type == "COLLECTION":
            found.append((prop.identifier, len(value)))
    return found
blocks = {name: [values(block) for block in getattr(bpy.data, name)]
          for name in dir(bpy.data) if hasattr(getattr(bpy.data, name), "foreach_get")}
spaces = [values(area.spaces.active) for screen in bpy.data.screens for area in screen.areas if area.type == "VIEW_3D"]
handlers = [len(getattr(bpy.app.handlers, name)) for name in dir(bpy.app.handlers) if name.endswith(("_pre", "_post"))]
answer = repr((blocks, spaces, handlers, values(bpy.context.preferences.system), bpy.context.mode,
               bpy.context.scene.name, [obj.name for obj in bpy.context.selected_objects],
               [obj.hide_get() for obj in bpy.context.view_layer.objects], bpy.data.is_dirty))
"""


@pytest.fixture(scope="module")
def blender() -> Iterator[PictureProcess]:
    """A Blender that was never warmed up: the first picture has to do it."""
    with picture_process() as process:
        yield process


def _differs(picture: Picture) -> np.ndarray:
    """Where the picture is not its background."""
    return np.abs(picture - picture[0, 0]).max(axis=2) > 12


def _share(picture: Picture, channel: int) -> float:
    """The part of the pixels in which the channel rules."""
    others = [index for index in range(3) if index != channel]
    return float((picture[:, :, channel] > picture[:, :, others].max(axis=2) + 60).mean())


def _assert_framed(picture: Picture) -> None:
    rows, columns = np.nonzero(_differs(picture))
    assert len(rows), "the picture is empty"
    assert min(rows.min(), columns.min()) > 1
    assert max(rows.max(), columns.max()) < picture.shape[0] - 2
    assert max(np.ptp(rows), np.ptp(columns)) > 0.5 * picture.shape[0], "the subject is too small"


AWKWARD = {
    "a flat plane": "bpy.ops.mesh.primitive_plane_add(size=3)",
    "a standing plane": "bpy.ops.mesh.primitive_plane_add(size=3, rotation=(math.pi / 2, 0, 0))",
    "a thin pole": "block('Pole', RED, (0.001, 0.001, 10))",
    "loose edges": """
mesh = bpy.data.meshes.new('Wire')
mesh.from_pydata([(0, 0, 0), (1, 1, 1), (1, 0, 2)], [(0, 1), (1, 2)], [])
bpy.context.collection.objects.link(bpy.data.objects.new('Wire', mesh))""",
    "a bare curve": "bpy.ops.curve.primitive_bezier_circle_add()",
    "a curve with a bevel": "bpy.ops.curve.primitive_bezier_circle_add(); bpy.context.object.data.bevel_depth = 0.1",
    "a text": "bpy.ops.object.text_add()",
    "a metaball": "bpy.ops.object.metaball_add()",
    "a NURBS surface": "bpy.ops.surface.primitive_nurbs_surface_sphere_add()",
    "a turned and mirrored child": """
parent = bpy.data.objects.new('Parent', None)
bpy.context.collection.objects.link(parent)
parent.scale, parent.rotation_euler = (3, 3, 3), (0.4, 0.3, 0.2)
made = block('Red', RED); made.parent, made.scale = parent, (-1, 2, 1)""",
    "edit mode": "block('Red', RED); bpy.ops.object.mode_set(mode='EDIT')",
    "vertices that are no number": """
made = block('Red', RED); made.data.vertices[0].co.x = math.nan; made.data.update()
made = block('Lost', RED); made.location.x = math.nan""",
    "an excluded collection": """
block('Red', RED)
far = bpy.data.collections.new('Far'); bpy.context.scene.collection.children.link(far)
hidden = block('Hidden', RED, place=(30, 0, 0))
hidden.users_collection[0].objects.unlink(hidden); far.objects.link(hidden)
bpy.context.view_layer.layer_collection.children['Far'].exclude = True""",
    "a hidden object": "block('Red', RED); block('Far', RED, place=(30, 0, 0)).hide_set(True)",
    "a collection instance": """
source = bpy.data.collections.new('Source')
made = block('Red', RED); made.users_collection[0].objects.unlink(made); source.objects.link(made)
shown = bpy.data.objects.new('Shown', None)
shown.instance_type, shown.instance_collection, shown.location = 'COLLECTION', source, (9, 9, 9)
bpy.context.scene.collection.objects.link(shown)""",
    "hair": """
bpy.ops.mesh.primitive_uv_sphere_add()
bpy.context.object.modifiers.new('Hair', 'PARTICLE_SYSTEM')
hair = bpy.context.object.particle_systems[0].settings
hair.type, hair.count, hair.hair_length = 'HAIR', 100, 3""",
    "a material without nodes": "block('Red', RED).active_material.use_nodes = False",
    "helpers around it": """
block('Red', RED)
bpy.ops.object.light_add(type='AREA', location=(20, 0, 0)); bpy.ops.object.armature_add(location=(0, 20, 0))
bpy.ops.object.empty_add(location=(0, 0, 20)); bpy.ops.object.camera_add(location=(-20, 0, 0))""",
    "a view that clips": """
block('Red', RED)
for screen in bpy.data.screens:
    for area in screen.areas:
        if area.type == 'VIEW_3D':
            area.spaces.active.clip_end = 0.1
            area.spaces.active.show_object_viewport_mesh = False""",
}


@pytest.mark.parametrize("scene", AWKWARD)
def test_an_awkward_scene_is_seen_whole(blender: PictureProcess, scene: str) -> None:
    blender.build(AWKWARD[scene])
    for picture in blender.look("three_quarter", "front", "top").pictures:
        assert _differs(picture).any(), "the picture is empty"
        assert picture.max() > 40
        if scene != "a thin pole":
            _assert_framed(picture)


def test_something_flat_shows_its_face_from_the_side(blender: PictureProcess) -> None:
    blender.build("bpy.ops.mesh.primitive_plane_add(size=3)")
    for picture in blender.look("front", "left").pictures:
        assert _differs(picture).mean() > 0.05


def test_edges_beside_faces_are_drawn_too(blender: PictureProcess) -> None:
    blender.build("""
block('Red', RED); mesh = bpy.data.meshes.new('Wire'); mesh.from_pydata([(0, 0, 0), (6, 0, 0)], [(0, 1)], [])
bpy.context.collection.objects.link(bpy.data.objects.new('Wire', mesh))""")
    _assert_framed(blender.look("front").pictures[0])


@pytest.mark.parametrize("unit", [0.001, 1000])
def test_all_views_are_framed_at_any_scale(blender: PictureProcess, unit: float) -> None:
    blender.build(f"U = {unit}\nblock('Red', RED, (U, U, U)); block('Blue', BLUE, (U, U, U), (0, 0, 2 * U))")
    seen = blender.look("front", "back", "left", "right", "top", "bottom", "around")
    assert len(seen.pictures) == len(seen.views) == 10
    for picture in seen.pictures:
        rows, columns = np.nonzero(_differs(picture))
        assert 1 < min(rows.min(), columns.min()) <= max(rows.max(), columns.max()) < 126
    assert _share(seen.pictures[4], 2) > 0.3  # blue alone from above
    assert _share(seen.pictures[5], 0) > 0.3  # red alone from below


@pytest.mark.parametrize(("shading", "metres"), [("solid", 5000), ("rendered", 5000), ("solid", 7)])
def test_a_large_ground_neither_shrinks_nor_hides_the_subject(
    blender: PictureProcess, shading: str, metres: float
) -> None:
    blender.build(f"block('Red', RED, place=(0, 0, 0.5)); bpy.ops.mesh.primitive_plane_add(size={metres})")
    seen = blender.look("front", "top", "three_quarter", "bottom", shading=shading)
    assert all(_share(picture, 0) > 0.2 for picture in seen.pictures)
    assert "Plane" in seen.text


def test_a_stray_is_named_and_does_not_shrink_the_scene(blender: PictureProcess) -> None:
    blender.build(NEIGHBOURS + "block('Stray', RED, place=(1e6, 0, 0))")
    seen = blender.look("three_quarter")
    _assert_framed(seen.pictures[0])
    assert "Stray" in seen.text


def test_a_single_point_is_a_dot(blender: PictureProcess) -> None:
    blender.build("""
mesh = bpy.data.meshes.new('Point'); mesh.from_pydata([(1, 2, 3)], [], [])
bpy.context.collection.objects.link(bpy.data.objects.new('Point', mesh))""")
    for shading in ("solid", "rendered"):
        seen = blender.look(shading=shading)
        rows, columns = np.nonzero(_differs(seen.pictures[0]))
        assert abs(rows.mean() - 64) < 2
        assert abs(columns.mean() - 64) < 2
        assert "dots" in seen.text


def test_a_scene_of_hidden_objects_gives_words(blender: PictureProcess) -> None:
    blender.build("block('Red', RED).hide_viewport = True")
    seen = blender.look()
    assert not seen.pictures
    assert "Red" in seen.text


def test_a_render_in_the_dark_is_lit_and_says_so(blender: PictureProcess) -> None:
    blender.build("""
block('Red', RED); bpy.ops.object.light_add(location=(0, 0, 9)); bpy.context.object.data.energy = 0
world = bpy.context.scene.world; world.use_nodes = True
background = world.node_tree.nodes['Background']
black = world.node_tree.nodes.new('ShaderNodeRGB'); black.outputs[0].default_value = (0, 0, 0, 1)
world.node_tree.links.new(black.outputs[0], background.inputs['Color'])""")
    seen = blender.look(shading="rendered")
    assert _share(seen.pictures[0], 0) > 0.2
    assert "studio light" in seen.text


def test_a_camera_inside_an_object_still_gives_a_picture(blender: PictureProcess) -> None:
    blender.build("block('Red', RED); bpy.ops.object.camera_add(); bpy.context.scene.camera = bpy.context.object")
    for shading in ("solid", "rendered"):
        seen = blender.look("camera", shading=shading)
        assert _share(seen.pictures[0], 0) > 0.1


def test_a_camera_that_sees_nothing_is_replaced_and_said_so(blender: PictureProcess) -> None:
    blender.build("""
block('Red', RED); bpy.ops.object.camera_add(location=(0, -9, 0)); bpy.context.scene.camera = bpy.context.object""")
    seen = blender.look("camera")
    assert _share(seen.pictures[0], 0) > 0.2
    assert "camera sees nothing" in seen.views[0]


def test_local_view_does_not_hide_the_rest(blender: PictureProcess) -> None:
    blender.build("""
block('Green', GREEN, place=(2, 0, 0)); block('Red', RED)
window = bpy.context.window_manager.windows[0]
area = next(area for area in window.screen.areas if area.type == 'VIEW_3D')
with bpy.context.temp_override(window=window, area=area, region=area.regions[-1]):
    bpy.ops.view3d.localview()
answer = area.spaces.active.local_view is not None""")
    assert blender.run("") == "True"
    [picture] = blender.look("front").pictures
    assert min(_share(picture, 0), _share(picture, 1)) > 0.05


def test_around_fills_the_picture_and_avoids_what_hides_it(blender: PictureProcess) -> None:
    blender.build(NEIGHBOURS)
    seen = blender.look("back", "front", objects=["Red"], show="around")
    assert _share(seen.pictures[1], 0) > 0.6
    assert _share(seen.pictures[0], 0) > 0.2
    assert "hidden from back" in seen.views[0]


def test_around_draws_alone_what_is_hidden_on_every_side(blender: PictureProcess) -> None:
    blender.build("block('Red', RED); block('Box', BLUE, (3, 3, 3))")
    seen = blender.look(objects=["Red"], show="around")
    assert _share(seen.pictures[0], 0) > 0.2
    assert "drawn alone" in seen.text


@pytest.mark.parametrize("shading", ["solid", "rendered"])
def test_isolate_shows_the_objects_and_their_children_alone(blender: PictureProcess, shading: str) -> None:
    blender.build(NEIGHBOURS + "bpy.data.objects['Green'].parent = bpy.data.objects['Red']")
    [picture] = blender.look("top", shading=shading, objects=["Red"], show="isolate").pictures
    assert min(_share(picture, 0), _share(picture, 1)) > 0.03
    assert _share(picture, 2) == 0


@pytest.mark.parametrize("shading", ["solid", "rendered"])
def test_highlight_greys_all_but_the_objects(blender: PictureProcess, shading: str) -> None:
    blender.build(NEIGHBOURS)
    [picture] = blender.look("top", shading=shading, objects=["Blue"], show="highlight").pictures
    colourful = np.ptp(picture, axis=2) > 40
    rows, columns = np.nonzero(colourful)
    assert rows.max() < 64  # blue stands at +Y, which is up in a view from above
    assert picture[rows, columns, 0].mean() > picture[rows, columns, 2].mean() + 60
    assert 0.03 < colourful.mean() < 0.3


def test_a_wrong_name_is_answered_with_a_close_one(blender: PictureProcess) -> None:
    blender.build(NEIGHBOURS)
    with pytest.raises(InvalidInput, match="'Green'"):
        blender.look(objects=["Gren"], show="around")


def test_a_sheet_holds_every_view_under_its_label(blender: PictureProcess) -> None:
    blender.build(NEIGHBOURS)
    views = ["front", "back", "left", "right", "top", "three_quarter"]
    seen = blender.look(*views, size=200, sheet=True)
    [sheet] = seen.pictures
    height, width = sheet.shape[:2]
    assert 600 < width < 640
    assert 400 < height < 460
    for row in range(2):
        for column in range(3):
            tile = sheet[row * height // 2 : (row + 1) * height // 2, column * width // 3 : (column + 1) * width // 3]
            assert (tile[:16].max(axis=2) < 120).sum() > 20, "there is no label"
            assert sum(_share(tile, channel) > 0.01 for channel in range(3)) >= 2
    [large] = blender.look(*views, size=2048, sheet=True).pictures
    assert max(large.shape) <= 2048


def test_webp_is_asked_for_and_given(blender: PictureProcess) -> None:
    blender.build(NEIGHBOURS)
    [file] = blender.look(picture_format="webp").files
    assert file[8:12] == b"WEBP"


ELABORATE = (
    NEIGHBOURS
    + """
bpy.ops.object.light_add(location=(2, -2, 3)); bpy.context.scene.render.engine = 'CYCLES'
bpy.ops.object.camera_add(location=(0, -9, 1), rotation=(1.5, 0, 0)); bpy.context.scene.camera = bpy.context.object
bpy.data.scenes.new('Other'); bpy.context.scene.render.filepath = '/nowhere/picture'
bpy.data.materials['Red'].diffuse_color = (0.1, 0.2, 0.3, 0.4)
bpy.data.objects['Blue'].hide_set(True); bpy.data.objects['Green'].hide_render = True
bpy.context.view_layer.objects.active = bpy.data.objects['Red']
bpy.app.handlers.depsgraph_update_post.append(lambda *_: None)
"""
)


def test_looking_changes_nothing_at_all(blender: PictureProcess) -> None:
    blender.build(ELABORATE)
    blender.look()  # the GPU's own first time
    before = blender.run(STATE)
    blender.look("front", "bottom", "camera", "around", size=64, sheet=True)
    for show in ("around", "isolate", "highlight"):
        blender.look("camera", "back", size=64, objects=["Red"], show=show)
    for shading in ("material", "rendered"):
        blender.look("camera", "top", shading=shading, size=64, objects=["Red"], show="highlight")
    assert blender.run(STATE) == before


@pytest.mark.parametrize("broken", ["draw_view3d", "render"])
def test_a_picture_that_fails_half_way_changes_nothing(blender: PictureProcess, broken: str) -> None:
    blender.build(ELABORATE)
    before = blender.run(STATE)
    blender.run("""
from cloud.blender.child import sheet, studio, viewport
def fails(*_, **__):
    raise RuntimeError('broken')
kept = sheet.smooth_edges, studio._settings
sheet.smooth_edges = studio._settings = fails""")
    with pytest.raises(AssertionError, match="broken"):
        blender.look(
            "bottom", shading="solid" if broken == "draw_view3d" else "rendered", objects=["Red"], show="isolate"
        )
    blender.run("sheet.smooth_edges, studio._settings = kept")
    assert blender.run(STATE) == before


def test_edges_are_smooth(blender: PictureProcess) -> None:
    blender.build("block('Red', RED).rotation_euler.y = 0.3")
    [picture] = blender.look("front").pictures
    colours = Image.fromarray(picture.astype(np.uint8)).getcolors(100_000)
    assert colours
    assert len(colours) > 6  # stairs have three


def test_a_night_that_somebody_set_is_rendered_as_one(blender: PictureProcess) -> None:
    skies = {}
    for level in (0.01, 0.05):  # the second is what a new world has
        blender.build(f"""
block('Red', RED); bpy.ops.object.light_add(location=(0, -2, 1)); bpy.context.object.data.energy = 50
world = bpy.context.scene.world = bpy.data.worlds.new('Night'); world.use_nodes = True
background = next(node for node in world.node_tree.nodes if node.type == 'BACKGROUND')
background.inputs['Color'].default_value = ({level}, {level}, {level}, 1)""")
        seen = blender.look("front", shading="rendered")
        skies[level] = (int(seen.pictures[0][2, 2].mean()), "soft sky" in seen.text)
    assert skies[0.01][0] < 70 < skies[0.05][0]
    assert (skies[0.01][1], skies[0.05][1]) == (False, True)
