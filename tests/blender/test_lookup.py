"""`lookup` on the index that a real Blender made of itself."""

import json
import os
import statistics
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.blender.lookup import INDEX_LIMIT_BYTES, QUERY_LIMIT_CHARS, ApiIndex
from cloud.errors import InvalidInput

pytestmark = pytest.mark.blender

_PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `index.z` and `scene.json`, written by one Blender."""
    folder = tmp_path_factory.mktemp("lookup")
    (folder / "cases.json").write_text("[]")
    command = [sys.executable, "-P", "-m", "tests.blender.bare_blender", str(folder)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(_PROJECT)}
    subprocess.run(command, check=True, timeout=120, env=environment, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def index(built: Path) -> ApiIndex:
    return ApiIndex.from_bytes((built / "index.z").read_bytes())


def _names(answer: dict[str, Any]) -> list[str]:
    return [match["name"] for match in answer["matches"]]


def test_making_the_index_leaves_the_file_as_it_was(built: Path) -> None:
    scene = json.loads((built / "scene.json").read_text())
    assert scene["after"] == scene["before"]
    assert (built / "index.z").stat().st_size < 1_500_000


@pytest.mark.parametrize(
    ("query", "name", "words"),
    [
        (
            "bpy.ops.mesh.primitive_cube_add",
            "bpy.ops.mesh.primitive_cube_add",
            ["size: float = 2.0", "location: float[3]"],
        ),
        ("bpy.ops.mesh.primitive_cube_add()", "bpy.ops.mesh.primitive_cube_add", ["WORLD|VIEW|CURSOR"]),
        ("mesh.primitive_cube_add", "bpy.ops.mesh.primitive_cube_add", ["size"]),
        ("BevelModifier.width", "BevelModifier.width", ["float = 0.1", ">=0"]),
        ("bpy.types.BevelModifier", "BevelModifier", ["obj.modifiers.new(name, 'BEVEL')", "NONE|ANGLE|WEIGHT|VGROUP"]),
        ("BevelModifier.show_viewport", "Modifier.show_viewport", ["bool"]),
        (
            "ShaderNodeBsdfPrincipled inputs",
            "ShaderNodeBsdfPrincipled",
            ["Specular IOR Level", "Coat Weight", "IOR: Float = 1.5"],
        ),
        (
            "ShaderNodeBsdfPrincipled.inputs['Roughness']",
            'ShaderNodeBsdfPrincipled.inputs["Roughness"]',
            ["= 0.5 (0..1)"],
        ),
        ("ShaderNodeMath.operation", "ShaderNodeMath.operation", ["ADD|SUBTRACT|MULTIPLY", "DEGREES"]),
        ("Object.dimensions", "Object.dimensions", ["float[3]"]),
        ("object.dimensions", "Object.dimensions", ["float[3]"]),
        ("bmesh.ops.bevel", "bmesh.ops.bevel", ["offset_type='OFFSET'", "dict(faces=[]"]),
        ("Mesh.from_pydata", "Mesh.from_pydata", ["from_pydata(vertices, edges, faces"]),
        ("from_pydata", "Mesh.from_pydata", ["from_pydata(vertices, edges, faces"]),
        ("Mesh.shade_smooth", "Mesh.shade_smooth", ["shade_smooth()"]),
        ("render engine", "RenderSettings.engine", ["BLENDER_EEVEE_NEXT|BLENDER_WORKBENCH|CYCLES"]),
        ("bpy.context.scene.render.engine", "RenderSettings.engine", ["CYCLES"]),
        ("scene.cycles.samples", "CyclesRenderSettings.samples", ["int"]),
        ("view_transform", "ColorManagedViewSettings.view_transform", ["AgX", "Standard"]),
        ("bpy.data.objects.new", "BlendDataObjects.new", ["new(name: str, object_data: ID) -> Object"]),
        ("bpy.data.objects['Cube'].location", "Object.location", ["float[3]"]),
        ("bpy.data.libraries.load", "bpy.data.libraries.load", ["link=False"]),
        ("obj.modifiers.new", "ObjectModifiers.new", ["-> Modifier"]),
        ("Modifier.type", "Modifier.type", ["SUBSURF", "BEVEL"]),
        ("TrackToConstraint", "TrackToConstraint", ["obj.constraints.new('TRACK_TO')"]),
        ("mathutils.Vector.normalize", "mathutils.Vector.normalize", ["normalize()"]),
        ("Vector.cross", "mathutils.Vector.cross", ["cross(other)"]),
        ("mathutils.bvhtree.BVHTree.FromObject", "mathutils.bvhtree.BVHTree.FromObject", ["depsgraph"]),
        ("bm.to_mesh", "bmesh.types.BMesh.to_mesh", ["to_mesh(mesh"]),
        ("Object.keyframe_insert", "bpy.types.bpy_struct.keyframe_insert", ["data_path"]),
        ("bpy.app.version", "bpy.app.version", ["(4, 5,"]),
        ("CompositorNodeRLayers", "CompositorNodeRLayers", ["outputs:", "Image: Color"]),
        ("TextureNodeBricks", "TextureNodeBricks", ["inputs:", "Mortar"]),
    ],
)
def test_an_exact_name_gives_the_whole_signature(index: ApiIndex, query: str, name: str, words: list[str]) -> None:
    answer = index.answer(query)
    assert answer.structured["exact"]
    assert _names(answer.structured) == [name]
    assert [word for word in words if word not in answer.text] == []


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("bevel modifier", "BevelModifier"),
        ("bevle modifer", "BevelModifier"),
        ("principled roughness", 'ShaderNodeBsdfPrincipled.inputs["Roughness"]'),
        ("Principled BSDF", "ShaderNodeBsdfPrincipled"),
        ("principaled bsdf base colour", 'ShaderNodeBsdfPrincipled.inputs["Base Color"]'),
        ("add cylinder", "bpy.ops.mesh.primitive_cylinder_add"),
        ("how do I add a cylinder?", "bpy.ops.mesh.primitive_cylinder_add"),
        ("how to shade smooth", "bpy.ops.object.shade_smooth"),
        ("geometry nodes distribute points", "GeometryNodeDistributePointsOnFaces"),
        ("subdivision surface levels", "SubsurfModifier.levels"),
        ("boolean solver", "BooleanModifier.solver"),
        ("array modifier count", "ArrayModifier.count"),
        ("curve bevel depth", "Curve.bevel_depth"),
        ("export gltf", "bpy.ops.export_scene.gltf"),
        ("noise texture scale", 'ShaderNodeTexNoise.inputs["Scale"]'),
        ("keyframe_insert", "bpy.types.bpy_struct.keyframe_insert"),
        ("track to constraint", "TrackToConstraint"),
        ("primitve_cube_ad", "bpy.ops.mesh.primitive_cube_add"),
        ("bpy.ops.mesh.primitive_cub_add", "bpy.ops.mesh.primitive_cube_add"),
    ],
)
def test_words_find_what_is_meant_and_give_it_in_full(index: ApiIndex, query: str, name: str) -> None:
    answer = index.answer(query)
    assert _names(answer.structured)[0] == name
    assert len(_names(answer.structured)) <= 5


@pytest.mark.parametrize(
    ("query", "words", "found"),
    [
        ("use_auto_smooth", "set_sharp_from_angle", None),
        ("Mesh.use_auto_smooth", "set_sharp_from_angle", "Mesh.shade_smooth"),
        ("auto smooth", "set_sharp_from_angle", "Mesh.shade_smooth"),
        ("BLENDER_EEVEE", "BLENDER_EEVEE_NEXT", None),
        ("Specular", "Specular IOR Level", 'ShaderNodeBsdfPrincipled.inputs["Specular IOR Level"]'),
        ("ShaderNodeBsdfPrincipled.inputs['Emission']", "Emission Color", None),
        ("bpy.ops.export_scene.obj", "bpy.ops.wm.obj_export", "bpy.ops.wm.obj_export"),
        ("ShaderNodeTexMusgrave", "ShaderNodeTexNoise", "ShaderNodeTexNoise"),
        ("bpy.data.lamps", "bpy.data.lights", None),
        ("Object.select", "select_set", None),
        ("Mesh.vertex_colors", "color_attributes", "Mesh.vertex_colors"),
    ],
)
def test_an_old_name_is_told_with_what_it_is_now(index: ApiIndex, query: str, words: str, found: str | None) -> None:
    answer = index.answer(query)
    assert answer.text.startswith("Old: ")
    assert words in answer.text
    assert found is None or found in _names(answer.structured)


def test_a_name_in_use_is_not_called_old(index: ApiIndex) -> None:
    for query in (
        "add cylinder",
        "Object.location",
        "material color",
        "link object to collection",
        "CollectionObjects.link",
    ):
        assert "Old: " not in index.answer(query).text


def test_what_does_not_exist_is_said_with_the_nearest_words(index: ApiIndex) -> None:
    answer = index.answer("xqzzv flurb")
    assert answer.text.startswith("Nothing in Blender 4.5")
    assert answer.structured["matches"] == []
    assert "nurb" in answer.text
    assert index.answer("bevle modifer").text.startswith("Nothing is called 'bevle modifer'")


@pytest.mark.parametrize("query", ["", "  \n", "x" * (QUERY_LIMIT_CHARS + 1)])
def test_an_empty_or_endless_query_is_refused(index: ApiIndex, query: str) -> None:
    with pytest.raises(InvalidInput):
        index.answer(query)


@settings(max_examples=150, deadline=None)
@given(query=st.text(min_size=1, max_size=60) | st.from_regex(r"[a-z.\[\]'\"() _]{1,40}", fullmatch=True))
def test_any_query_gets_an_answer(index: ApiIndex, query: str) -> None:
    if query.strip():
        assert index.answer(query).text


def test_answers_are_short(index: ApiIndex, built: Path) -> None:
    lines = zlib.decompress((built / "index.z").read_bytes()).decode().split("\n")[1::25]
    names = [json.loads(line)["n"] for line in lines[1:]]
    answers = {name: index.answer(name) for name in names}
    assert [name for name, answer in answers.items() if _names(answer.structured)[:1] != [name]] == []
    lengths = sorted(len(answer.text) for answer in answers.values())
    assert statistics.median(lengths) < 800
    assert lengths[len(lengths) * 9 // 10] < 1_600
    assert lengths[-1] < 4_000


def test_bytes_that_are_no_index_are_refused(built: Path) -> None:
    whole = (built / "index.z").read_bytes()
    start = b'{"blender":"4.5.0"}\n{"k":"py","n":"a","s":"","d":""'
    bomb = zlib.compress(start.ljust(INDEX_LIMIT_BYTES - 1) + b"}\n{}")  # up to the limit it is an index
    for broken in (
        b"",
        b"nonsense",
        whole[:-100],
        zlib.compress(b"{}"),
        zlib.compress(b"[]"),
        zlib.compress(b"\xff"),
        bomb,
    ):
        with pytest.raises(ValueError, match="no index"):
            ApiIndex.from_bytes(broken)
