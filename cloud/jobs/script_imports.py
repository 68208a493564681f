"""Imported files in a replay: the script opens them beside itself, because their content is no code.

The step says what was imported (`IMPORT_MARK`); the script says which files it needs, and stops with a sentence that
names the one that is missing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from cloud.jobs.kept_steps import IMPORT_MARK

PRELUDE = '''

def _p2m_import(name, scale, collection, sha256):
    """What the file beside this script holds, in a collection of its own. Nothing in it is run."""
    import hashlib
    folder = os.path.dirname(os.path.abspath(__file__)) if "__file__" in globals() else os.getcwd()
    path = os.path.join(folder, name)
    if not os.path.isfile(path):
        raise SystemExit(f"This scene needs the imported file {name!r}: put it beside this script, in {folder}")
    with open(path, "rb") as file:
        if sha256 and hashlib.sha256(file.read()).hexdigest() != sha256:
            print(f"{name} is not the file that was imported when this scene was made.")
    kind = name.rpartition(".")[2].lower()
    present = bpy.context.window.scene
    bpy.context.window.scene = made_in = bpy.data.scenes.new("Import")
    if kind == "blend":
        with bpy.data.libraries.load(path, link=False) as (found, wanted):
            wanted.scenes = list(found.scenes)
        for scene in wanted.scenes:
            for child in scene.collection.children:
                made_in.collection.children.link(child)
            for obj in scene.collection.objects:
                made_in.collection.objects.link(obj)
            bpy.data.scenes.remove(scene)
    elif kind in ("glb", "gltf"):
        bpy.ops.import_scene.gltf(filepath=path, disable_bone_shape=True)
    elif kind == "fbx":
        bpy.ops.import_scene.fbx(filepath=path, use_image_search=False)
    elif kind in ("usd", "usda", "usdc", "usdz"):
        bpy.ops.wm.usd_import(filepath=path, import_textures_mode="IMPORT_PACK")
    else:
        getattr(bpy.ops.wm, f"{kind}_import")(filepath=path)
    home = bpy.data.collections.new(collection)
    present.collection.children.link(home)
    for child in list(made_in.collection.children):
        home.children.link(child)
    for obj in list(made_in.collection.objects):
        home.objects.link(obj)
    for obj in home.all_objects:
        if scale != 1 and obj.parent is None:
            obj.matrix_basis = mathutils.Matrix.Scale(scale, 4) @ obj.matrix_basis
    bpy.context.window.scene = present
    bpy.data.scenes.remove(made_in)
'''


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
        return f"_p2m_import({self.file!a}, {self.scale!r}, {self.collection!a}, {self.sha256!r})\n"


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
