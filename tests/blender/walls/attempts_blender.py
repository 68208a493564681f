# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportIncompatibleMethodOverride=false
# pyright: reportOptionalMemberAccess=false, reportOptionalContextManager=false, reportGeneralTypeIssues=false
# The stubs of bpy are not exact.
"""Ways through Blender's own doors: what it loads, links, packs, unpacks, saves and runs by itself.

Operators that the policy names are reached past it: the walls must hold without it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.blender.walls.inside import Outside, Refused, without_control


def _reach(outside: Outside) -> bytes:
    with socket.create_connection(("127.0.0.1", outside["tcp_port"]), 5) as visitor:
        return visitor.recv(4096)


def _tried(outside: Outside, hang: Callable[[Callable[..., Any]], None], fire: Callable[[], Any]) -> object:
    """What came of a function that Blender itself calls."""
    results: list[object] = []

    def call(*_: object) -> float:
        try:
            results.append(_reach(outside))
        except OSError as error:
            results.append(error)
        return 0.0

    hang(call)
    fire()
    if not results:
        raise Refused("Blender did not call it")
    if isinstance(results[0], OSError):
        raise results[0]
    return results[0]


def _written(path: str) -> object:
    if not os.path.lexists(path):
        raise Refused(f"{path} was not written")
    return path


def a_text_from_a_file(outside: Outside) -> object:
    import bpy

    return bpy.data.texts.load(outside["secret"]).as_string()


def a_picture_from_a_file(outside: Outside) -> object:
    import bpy

    return list(bpy.data.images.load(outside["picture"]).pixels)


def a_picture_packed_from_a_file(outside: Outside) -> object:
    import bpy

    image = bpy.data.images.new("packed", 1, 1)
    image.source, image.filepath = "FILE", outside["picture"]
    image.pack()
    return _content(image.packed_file)


def any_file_packed_as_a_sound(outside: Outside) -> object:
    import bpy

    sound = bpy.data.sounds.load(outside["secret"])
    sound.pack()
    return _content(sound.packed_file)


def _content(packed: Any) -> bytes:
    if not packed or not packed.size:
        raise Refused("nothing was packed")
    return packed.data


def a_film_from_a_file(outside: Outside) -> object:
    import bpy

    return list(bpy.data.movieclips.load(outside["picture"]).size)


def a_film_by_its_sequence(outside: Outside) -> object:
    import bpy

    editor = bpy.context.scene.sequence_editor_create()
    strip = editor.sequences.new_image("strip", outside["picture"], 1, 1)
    width = strip.elements[0].orig_width
    with Path(bpy.path.abspath(strip.directory), strip.elements[0].filename).open("rb"):
        pass  # Blender makes the strip without the picture, too
    return width


def a_neighbour_s_scene_as_a_library(outside: Outside) -> object:
    import bpy

    with bpy.data.libraries.load(outside["neighbour_snapshot"], link=True) as (source, _):
        return list(source.objects)


def a_neighbour_s_scene_appended(outside: Outside) -> object:
    import bpy

    folder, before = f"{outside['neighbour_snapshot']}/Object", set(bpy.data.objects.keys())
    bpy.ops.wm.append(filepath=f"{folder}/Secret", directory=folder, filename="Secret")
    return set(bpy.data.objects.keys()) - before or _nothing("append")


def a_neighbour_s_scene_opened(outside: Outside) -> object:
    import bpy

    getattr(bpy.ops.wm, "open_" + "mainfile")(filepath=outside["neighbour_snapshot"])
    return bpy.data.objects["Secret"].name if "Secret" in bpy.data.objects else _nothing("open")


def _nothing(what: str) -> object:
    raise Refused(f"{what} brought nothing")


def a_model_from_a_file(outside: Outside) -> object:
    import bpy

    before = set(bpy.data.objects.keys())
    bpy.ops.wm.obj_import(filepath=outside["model"])
    return set(bpy.data.objects.keys()) - before or _nothing("the import")


def a_model_by_a_link_in_the_workspace(outside: Outside) -> object:
    import bpy

    link = Path(outside["own_place"], "linked.obj")
    link.unlink(missing_ok=True)
    link.symlink_to(outside["model"])
    before = set(bpy.data.objects.keys())
    bpy.ops.wm.obj_import(filepath=str(link))
    return set(bpy.data.objects.keys()) - before or _nothing("the import")


@without_control("volumes need a file of OpenVDB")
def a_volume_from_a_file(outside: Outside) -> object:
    import bpy

    volume = bpy.data.volumes.new("volume")
    volume.filepath = outside["secret"]
    return volume.grids.load() or _nothing(volume.grids.error_message)


@without_control("caches need a file of Alembic")
def a_cache_from_a_file(outside: Outside) -> object:
    import bpy

    bpy.ops.cachefile.open(filepath=outside["secret"])
    return [path.path for path in bpy.data.cache_files[0].object_paths] or _nothing("the cache")


@without_control("the module has no editor that compiles it")
def a_shader_from_a_file(outside: Outside) -> object:
    import bpy

    material = bpy.data.materials.new("shader")
    material.use_nodes = True
    node = material.node_tree.nodes.new("ShaderNodeScript")
    node.mode, node.filepath = "EXTERNAL", outside["secret"]
    return list(node.inputs) or _nothing("the shader")


def a_scene_saved_into_the_system(outside: Outside) -> object:
    import bpy

    path = f"/usr/lib/{outside['mark']}"
    getattr(bpy.ops.wm, "save_as_" + "mainfile")(filepath=path, copy=True, check_existing=False)
    return _written(path)


def a_picture_saved_into_the_system(outside: Outside) -> object:
    import bpy

    path = f"/usr/lib/{outside['mark']}"
    bpy.data.images.new("saved", 1, 1).save(filepath=path)
    return _written(path)


def a_model_written_over_the_cache(outside: Outside) -> object:
    import bpy

    bpy.ops.mesh.primitive_cube_add()
    path = f"{outside['cache']}/{outside['mark']}"
    bpy.ops.wm.obj_export(filepath=path, export_materials=False)
    return _written(path)


def a_packed_file_unpacked_into_the_system(outside: Outside) -> object:
    import bpy

    image = bpy.data.images.new("unpacked", 1, 1)
    image.filepath_raw = f"{outside['own_place']}/unpacked.png"
    image.save()
    image.pack()
    path = f"/usr/lib/{outside['mark']}"
    image.filepath_raw = image.packed_files[0].filepath = path
    image.unpack(method="WRITE_ORIGINAL")
    return _written(path)


def a_text_that_is_a_module(outside: Outside) -> object:
    import bpy

    text = bpy.data.texts.new("module.py")
    text.write(f"import socket\nsaid = socket.create_connection(('127.0.0.1', {outside['tcp_port']}), 5).recv(99)")
    return text.as_module().said


def a_handler_of_changes(outside: Outside) -> object:
    import bpy

    def fire() -> None:
        bpy.ops.mesh.primitive_cube_add()
        bpy.context.view_layer.update()

    try:
        return _tried(outside, bpy.app.handlers.depsgraph_update_post.append, fire)
    finally:
        bpy.app.handlers.depsgraph_update_post.clear()


def a_handler_of_frames(outside: Outside) -> object:
    import bpy

    try:
        return _tried(outside, bpy.app.handlers.frame_change_post.append, lambda: bpy.context.scene.frame_set(7))
    finally:
        bpy.app.handlers.frame_change_post.clear()


def a_handler_of_saving(outside: Outside) -> object:
    import bpy

    def fire() -> None:
        path = f"{outside['own_place']}/saved.blend"
        getattr(bpy.ops.wm, "save_as_" + "mainfile")(filepath=path, copy=True, check_existing=False)

    try:
        return _tried(outside, bpy.app.handlers.save_pre.append, fire)
    finally:
        bpy.app.handlers.save_pre.clear()


def a_driver(outside: Outside) -> object:
    import bpy

    def hang(call: Callable[..., Any]) -> None:
        bpy.app.driver_namespace["reach"] = call
        bpy.ops.object.empty_add()
        curve = bpy.context.object.driver_add("location", 0)
        curve.driver.expression = "reach()"

    return _tried(outside, hang, lambda: bpy.context.scene.frame_set(8))


@without_control("messages need Blender's event loop")
def a_message_of_the_bus(outside: Outside) -> object:
    import bpy

    owner = object()

    def hang(call: Callable[..., Any]) -> None:
        bpy.msgbus.subscribe_rna(key=(bpy.types.Object, "name"), owner=owner, args=(), notify=call)

    def fire() -> None:
        bpy.ops.object.empty_add()
        bpy.msgbus.publish_rna(key=(bpy.types.Object, "name"))

    return _tried(outside, hang, fire)


def an_operator_of_our_own(outside: Outside) -> object:
    import bpy

    results: list[bytes] = []

    class Reach(bpy.types.Operator):
        bl_idname, bl_label = "p2m_walls.reach", "Reach"

        def execute(self, context: Any) -> set[str]:
            results.append(_reach(outside))
            return {"FINISHED"}

    bpy.utils.register_class(Reach)
    try:
        getattr(bpy.ops, "p2m_walls").reach()  # noqa: B009 - not in the stubs
    finally:
        bpy.utils.unregister_class(Reach)
    return results[0]


def an_add_on_from_the_network(outside: Outside) -> object:
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{outside['tcp_port']}/extension.zip", timeout=5) as answer:
        return answer.read()


def a_script_for_every_later_start(outside: Outside) -> object:
    import bpy

    folder = Path(bpy.utils.system_resource("SCRIPTS"), "startup")
    return (folder / outside["mark"]).touch()
