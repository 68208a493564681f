"""Imported files in a replay: the script opens them beside itself, because their content is no code.

The step says what was imported (`IMPORT_MARK`); the script says which files it needs, and stops with a sentence that
names the one that is missing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from cloud.jobs.kept_steps import IMPORT_MARK
from cloud.projects.uploads import pod_name_of

PRELUDE = '''

def _p2m_import(name, scale, collection, sha256, called):
    """What the file beside this script holds, in a collection of its own. Nothing in it is run."""
    import hashlib
    import shutil
    import tempfile
    folder = os.path.dirname(os.path.abspath(__file__)) if "__file__" in globals() else os.getcwd()
    beside = os.path.join(folder, name)
    if not os.path.isfile(beside):
        raise SystemExit(f"This scene needs the imported file {name!r}: put it beside this script, in {folder}")
    with open(beside, "rb") as file:
        if sha256 and hashlib.sha256(file.read()).hexdigest() != sha256:
            print(f"{name} is not the file that was imported when this scene was made.")
    before = {block for block in bpy.data.user_map()}
    texts = set(bpy.data.texts)
    present = bpy.context.window.scene
    with tempfile.TemporaryDirectory() as aside:  # alone and under the name that it had then: objects are called by it
        path = shutil.copyfile(beside, os.path.join(aside, called))
        bpy.context.window.scene = made_in = bpy.data.scenes.new("Import")
        _p2m_bring_in(path, called.rpartition(".")[2].lower(), scale)
        for image in bpy.data.images:
            if image not in before and image.source == "FILE" and image.has_data and not image.packed_file:
                image.pack()
    _p2m_silence(before, texts)
    if not present.objects:
        present.camera = made_in.camera or present.camera
        present.world = made_in.world or present.world
    home = bpy.data.collections.new(collection)
    for child in list(made_in.collection.children):
        made_in.collection.children.unlink(child)
        home.children.link(child)
    for obj in list(made_in.collection.objects):
        made_in.collection.objects.unlink(obj)
        home.objects.link(obj)
    present.collection.children.link(home)
    bpy.context.window.scene = present
    bpy.data.scenes.remove(made_in)


def _p2m_bring_in(path, kind, scale):
    """The file's objects in the open scene, at the scale."""
    if kind == "blend":
        scale *= _p2m_append(path)
    elif kind in ("glb", "gltf"):
        bpy.ops.import_scene.gltf(filepath=path, disable_bone_shape=True)
    elif kind == "fbx":
        bpy.ops.import_scene.fbx(filepath=path, use_image_search=False)
    elif kind in ("usd", "usda", "usdc", "usdz"):
        bpy.ops.wm.usd_import(filepath=path, import_textures_mode="IMPORT_PACK")
    elif kind in ("obj", "stl", "ply"):
        getattr(bpy.ops.wm, f"{kind}_import")(filepath=path)
    else:
        _p2m_picture(path, scale)
        return
    objects = bpy.context.scene.collection.all_objects
    shells = [obj for obj in objects if obj.name.startswith("_materials") and not obj.children]
    bpy.data.batch_remove([obj for obj in shells if obj.type == "EMPTY"])
    for obj in bpy.context.scene.collection.all_objects:
        if scale != 1 and obj.parent is None:
            obj.matrix_basis = mathutils.Matrix.Scale(scale, 4) @ obj.matrix_basis


def _p2m_append(path):
    """The objects of all scenes of a .blend. Returns: how many metres its unit is."""
    with bpy.data.libraries.load(path, link=False) as (found, wanted):
        wanted.scenes = list(found.scenes)
    target, metres = bpy.context.scene.collection, 1.0
    if wanted.scenes and wanted.scenes[0]:
        first = wanted.scenes[0]
        bpy.context.scene.camera, bpy.context.scene.world = first.camera, first.world
        metres = first.unit_settings.scale_length if first.unit_settings.system != "NONE" else 1.0
    for scene in filter(None, wanted.scenes):
        for child in scene.collection.children:
            if child.name not in target.children:
                target.children.link(child)
        for obj in scene.collection.objects:
            if obj.name not in target.objects:
                target.objects.link(obj)
    for scene in filter(None, wanted.scenes):
        bpy.data.scenes.remove(scene)
    return metres


def _p2m_picture(path, height):
    """A plane that shows the picture unlit, its foot in the origin, facing the front."""
    image = bpy.data.images.load(path, check_existing=False)
    image.pack()
    image.filepath_raw = "//" + os.path.basename(path)
    stem = os.path.splitext(os.path.basename(path))[0]
    half = height * image.size[0] / image.size[1] / 2
    mesh = bpy.data.meshes.new(stem)
    mesh.from_pydata([(-half, 0, 0), (half, 0, 0), (half, 0, height), (-half, 0, height)], [], [(0, 1, 2, 3)])
    mesh.uv_layers.new(name="UVMap").data.foreach_set("uv", (0, 0, 1, 0, 1, 1, 0, 1))
    material = bpy.data.materials.new(image.name)
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    kinds = ("TexImage", "Emission", "BsdfTransparent", "MixShader", "OutputMaterial")
    texture, glow, clear, mix, output = (tree.nodes.new(f"ShaderNode{kind}") for kind in kinds)
    texture.image = image
    for number, node in enumerate((texture, glow, clear, mix, output)):
        node.location = (300 * number - 600, 0)
    tree.links.new(texture.outputs["Color"], glow.inputs["Color"])
    tree.links.new(texture.outputs["Alpha"], mix.inputs[0])
    tree.links.new(clear.outputs[0], mix.inputs[1])
    tree.links.new(glow.outputs[0], mix.inputs[2])
    tree.links.new(mix.outputs[0], output.inputs["Surface"])
    mesh.materials.append(material)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new(stem, mesh))


def _p2m_silence(before, texts):
    """No text of the file runs at loading, and no driver that is Python."""
    for text in set(bpy.data.texts) - texts:
        text.use_module = False
    new = [block for block in bpy.data.user_map() if block not in before]
    inner = [getattr(block, part, None) for block in new for part in ("node_tree", "shape_keys")]
    for block in (*new, *filter(None, inner)):
        animation = getattr(block, "animation_data", None)
        for curve in animation.drivers if animation else ():
            if curve.driver.type == "SCRIPTED" and not curve.driver.is_simple_expression:
                curve.mute = True
                curve.driver.expression = "0.0"
'''
"""Does what `cloud.blender.child.imports` does, which the script cannot have: a test holds the two together."""


@dataclass(frozen=True)
class ImportedFile:
    """What an import step was told. `sha256` "": unknown."""

    file: str
    scale: float
    collection: str
    sha256: str

    @property
    def call(self) -> str:
        """The line of the script that does the step."""
        called = pod_name_of(self.file)
        return f"_p2m_import({self.file!a}, {self.scale!r}, {self.collection!a}, {self.sha256!r}, {called!a})\n"


def imported_file(code: str) -> ImportedFile | None:
    """The file that a step with this code imported; None for a step of another kind."""
    if not code.startswith(IMPORT_MARK):
        return None
    told = json.loads(code.removeprefix(IMPORT_MARK))
    file = str(told.get("file", ""))
    stem = file.rpartition(".")[0] or "Import"
    sha256 = str(told.get("sha256", ""))
    return ImportedFile(file, float(told.get("scale", 1.0)), str(told.get("collection") or stem)[:60], sha256)


def imported_files(codes: Sequence[str]) -> list[str]:
    """The names of the files that steps with these codes imported, each once."""
    return list(dict.fromkeys(found.file for code in codes if (found := imported_file(code))))
