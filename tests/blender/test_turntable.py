"""Turntables: films that loop, hold the whole scene, and leave it as it is."""

import asyncio
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from cloud.agent.toolbox import McpToolbox
from tests.blender.pod_process import RunningPod, run
from tests.blender.test_look import STATE

pytestmark = pytest.mark.blender

# Red at +X, green at -X, blue above: each seen from one side at least.
SCENE = """
def block(name, colour, size, place):
    bpy.ops.mesh.primitive_cube_add(size=1, location=[p * UNIT for p in place])
    made = bpy.context.object
    made.name, made.scale = name, [s * UNIT for s in size]
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (*colour, 1)
    made.data.materials.append(material)
block("Red", (0.8, 0.02, 0.02), (0.2, 1.5, 1), (1.4, 0, 0.5))
block("Green", (0.02, 0.6, 0.02), (0.2, 1.5, 1), (-1.4, 0, 0.5))
block("Wall", (0.5, 0.5, 0.5), (2.6, 1.5, 1), (0, 0, 0.5))
block("Blue", (0.02, 0.02, 0.8), (0.4, 0.4, 2), (0, 0, 2))
"""
_READ_FILM = """
import json, sys
import bpy
scene = bpy.data.scenes.new("Reader")
strips = scene.sequence_editor_create().strips
strip = strips.new_movie("Film", sys.argv[1], channel=1, frame_start=1)
element = strip.elements[0]
print("FILM" + json.dumps([strip.frame_duration, element.orig_width, element.orig_height, element.orig_fps]))
"""


def _facts_of_film(path: Path) -> list[float]:
    """Frames, width, height and frames a second, as Blender's own reader has them."""
    command = [sys.executable, "-c", _READ_FILM, str(path)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    return json.loads(said.partition("FILM")[2].splitlines()[0])


async def _film(box: McpToolbox, file_format: str) -> tuple[bytes, list[int]]:
    """The file, and how far each call got."""
    done = []
    while True:
        told = await run(box, "export", format=f"turntable.{file_format}")
        done.append(told["done"])
        if told["files"]:
            return await box.download_export(told["file"]), done


def _frames(content: bytes) -> list[NDArray[np.int16]]:
    with Image.open(io.BytesIO(content)) as film:
        return [np.asarray(frame.convert("RGB"), dtype=np.int16) for frame in ImageSequence.Iterator(film)]


def _subject(frame: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Where something other than the background is."""
    return (np.abs(frame - frame[0, 0]) > 24).any(axis=2)


@pytest.mark.parametrize(
    "unit", [1.0, pytest.param(0.001, marks=pytest.mark.heavy), pytest.param(100_000.0, marks=pytest.mark.heavy)]
)
async def test_the_whole_scene_is_seen_from_everywhere_and_the_film_loops(pod: RunningPod, unit: float) -> None:
    async with pod.toolbox(f"UNIT = {unit}\n{SCENE}") as box:
        before = (await run(box, "run_python", code=STATE))["stdout"]
        content, done = await _film(box, "gif")
        after = (await run(box, "run_python", code=STATE))["stdout"]

    with Image.open(io.BytesIO(content)) as film:
        assert (film.format, film.size, film.info["loop"]) == ("GIF", (512, 512), 0)
        assert film.info["duration"] * getattr(film, "n_frames", 1) == pytest.approx(3400, abs=300)
    frames = _frames(content)
    assert (len(frames), done[-1], done == sorted(set(done))) == (48, 48, True)
    for frame in frames:
        seen = _subject(frame)
        assert not seen[[*range(5), *range(-5, 0)]].any()
        assert not seen[:, [*range(5), *range(-5, 0)]].any()
        assert seen.any(axis=1).sum() > 250
    reds = [int((frame[:, :, 0] > frame[:, :, 1:].max(axis=2) + 60).sum()) for frame in frames]
    greens = [int((frame[:, :, 1] > frame[:, :, [0, 2]].max(axis=2) + 60).sum()) for frame in frames]
    assert max(reds) > 1000
    assert max(greens) > 1000
    assert reds.index(max(reds)) != greens.index(max(greens))
    steps = [int(np.abs(a - b).sum()) for a, b in zip(frames, [*frames[1:], frames[0]], strict=True)]
    assert steps[-1] < 2 * max(steps[:-1])  # from the last to the first is a step like the others
    assert before == after


@pytest.mark.heavy
async def test_the_mp4_opens_in_blender_and_begins_with_its_index(pod: RunningPod, tmp_path: Path) -> None:
    async with pod.toolbox(f"UNIT = 1\n{SCENE}") as box:
        content, _ = await _film(box, "mp4")

    path = tmp_path / "turntable.mp4"
    path.write_bytes(content)
    assert content.index(b"moov") < content.index(b"mdat")
    assert b"avc1" in content
    length, width, height, fps = await asyncio.to_thread(_facts_of_film, path)
    assert (length, width, height) == (48, 512, 512)
    assert fps == pytest.approx(1000 / 70, rel=0.02)


@pytest.mark.heavy
async def test_a_wall_that_would_hide_the_scene_is_left_out_of_all_views(pod: RunningPod) -> None:
    wall = "bpy.ops.mesh.primitive_plane_add(size=200, location=(0, 6, 0), rotation=(1.5708, 0, 0))"
    async with pod.toolbox(f"UNIT = 1\n{SCENE}\n{wall}") as box:
        content, _ = await _film(box, "gif")

    blues = [int((frame[:, :, 2] > frame[:, :, :2].max(axis=2) + 60).sum()) for frame in _frames(content)]
    assert min(blues) > 300


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("pass", "There is nothing to see in the scene, so there is no turntable; build something first."),
        ("bpy.ops.object.light_add(type='SUN')", "There is nothing to see in the scene"),
        (
            "bpy.ops.mesh.primitive_grid_add(x_subdivisions=1000, y_subdivisions=1000)\n"
            "grid = bpy.context.object.data\n"
            "for n in range(11): bpy.context.scene.collection.objects.link(bpy.data.objects.new(f'Grid {n}', grid))",
            "and a turntable takes at most 20,000,000",
        ),
    ],
    ids=["empty", "a light", "24 million triangles"],
)
async def test_what_cannot_be_turned_is_told_in_one_sentence(pod: RunningPod, code: str, sentence: str) -> None:
    async with pod.toolbox(code) as box:
        answer = await box.call("export", {"format": "turntable.gif"})

    said: Any = answer.content[0]
    assert answer.is_error
    assert sentence in said["text"]


@pytest.mark.heavy
async def test_a_scene_that_changes_in_the_middle_is_drawn_anew(pod: RunningPod) -> None:
    async with pod.toolbox(f"UNIT = 1\n{SCENE}") as box:
        first = await run(box, "export", format="turntable.gif")
        await run(box, "run_python", code="bpy.ops.mesh.primitive_cube_add(location=(0, 0, 9))")
        second = await run(box, "export", format="turntable.gif")

    assert 0 < first["done"] < first["of"]
    assert second["done"] == first["done"]


async def test_no_model_is_told_of_it(pod: RunningPod) -> None:
    async with pod.toolbox() as box:
        [export] = [tool for tool in await box.tools() if tool["name"] == "export"]

    assert export["input_schema"]["properties"]["format"] == {
        "enum": ["blend", "glb", "fbx", "obj", "stl", "ply", "usdc"],
        "type": "string",
    }
