# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportOptionalMemberAccess=false
# pyright: reportIndexIssue=false
"""The same material, picture, mesh or node group comes once. (bpy)"""

from pathlib import Path

import bpy

from tests.addon.scene.cases_arriving import imported
from tests.addon.scene.makes import fresh, result

KINDS = ("materials", "images", "meshes", "node_groups")


def counts() -> dict[str, int]:
    return {kind: len(getattr(bpy.data, kind)) for kind in KINDS}


def case_the_same_result_twice_has_its_data_once(folder: Path) -> None:
    path = result(folder / "r.blend")
    fresh()
    assert imported(path).shared == 0
    before = counts()
    told = imported(path)
    assert told.shared == 7, "2 materials, a picture, a node group, 3 meshes"
    assert counts() == before
    assert bpy.data.objects["Table"].data == bpy.data.objects["Table.001"].data
    assert told.collection == "Tea for two.001"


def case_the_next_version_shares_what_did_not_change(folder: Path) -> None:
    one, two = result(folder / "one.blend"), result(folder / "two.blend", version=2)
    fresh()
    imported(one)
    told = imported(two)
    assert told.shared == 4, "the clay, the picture, the node group, and the mug's shape"
    assert bpy.data.objects["Bowl"].material_slots[0].material.name == "Clay"
    assert bpy.data.objects["Table"].data != bpy.data.objects["Table.001"].data, "it wears another wood"
    wood, red = (bpy.data.objects[name].material_slots[0].material for name in ("Table", "Table.001"))
    assert (wood.name, red.name) == ("Wood", "Wood.001")


def case_what_the_user_changed_is_not_shared_and_stays(folder: Path) -> None:
    path = result(folder / "r.blend")
    fresh()
    imported(path)
    wood, mesh = bpy.data.materials["Wood"], bpy.data.meshes["Mug"]
    shader = next(node for node in wood.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Roughness"].default_value = 0.123
    mesh.vertices[0].co.x = -7
    told = imported(path)
    assert bpy.data.objects["Table.001"].material_slots[0].material != wood
    assert told.shared == 4, "not the wood, the table that wears it, and the mug's shape"
    assert all(obj.data != mesh for obj in bpy.data.collections["Tea for two.001"].all_objects)
    assert mesh.vertices[0].co.x == -7
    assert round(shader.inputs["Roughness"].default_value, 3) == 0.123


def case_a_changed_picture_or_group_changes_what_uses_it(folder: Path) -> None:
    def alter(scene: object) -> None:
        image = bpy.data.images["Grain"]
        image.pixels[:] = [0.75] * (8 * 8 * 4)
        image.pack()

    one, two = result(folder / "one.blend"), result(folder / "two.blend", alter=alter)
    fresh()
    imported(one)
    told = imported(two)
    assert told.shared == 1, "the node group alone: materials show the new picture, meshes wear the materials"
    assert len([name for name in bpy.data.images.keys() if name.startswith("Grain")]) == 2  # noqa: SIM118


def case_another_projects_and_the_users_own_are_never_shared(folder: Path) -> None:
    path = result(folder / "r.blend")
    fresh()
    imported(path)
    assert imported(path, project_id="another").shared == 0
    for kind in KINDS:
        for block in getattr(bpy.data, kind):
            if "prompt2mesh" in block:
                del block["prompt2mesh"]
    assert imported(path).shared == 0


def case_meshes_with_weights_are_not_mixed_up(folder: Path) -> None:
    def alter(weight: float) -> object:
        def of(scene: object) -> None:
            table = bpy.data.objects["Table"]
            table.vertex_groups.new(name="Group").add([0, 1], weight, "REPLACE")

        return of

    one, two = result(folder / "one.blend", alter=alter(0.2)), result(folder / "two.blend", alter=alter(0.9))
    fresh()
    imported(one)
    imported(two)
    weights = [round(bpy.data.objects[name].data.vertices[0].groups[0].weight, 3) for name in ("Table", "Table.001")]
    assert weights == [0.2, 0.9]


def case_no_path_of_this_machine_is_left_in_the_users_file(folder: Path) -> None:
    # Under a name that this process has not saved to: Blender keeps its last file's path in memory, and writes it.
    path = result(folder / "made.blend").rename(folder / "result-of-the-server.blend")
    fresh()
    imported(path)
    for kind in ("materials", "meshes", "images", "node_groups", "collections", "lights", "cameras", "objects"):
        for block in getattr(bpy.data, kind):
            assert block.library_weak_reference is None or "prompt2mesh" not in block, block
    bpy.ops.wm.save_as_mainfile(filepath=str(folder.parent / "user.blend"), compress=False)
    content = (folder.parent / "user.blend").read_bytes()
    assert b"result-of-the-server" not in content
