"""Every thing of the catalogue, built in a real Blender, is a clean solid of the size that was asked for."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cloud.agent.offline.catalogue import COLOURS, MATERIALS, NOUNS, THINGS, colour, slot_material

ROOT = Path(__file__).parents[3]
LIBRARY = ROOT / "cloud" / "agent" / "offline" / "blender_code"
MAX_TRIANGLES = 40_000


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one Blender process measured of all things."""
    output = tmp_path_factory.mktemp("things") / "report.json"
    script = Path(__file__).with_name("things_report.py")
    done = subprocess.run(
        [sys.executable, str(script), str(output)],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(output.read_text(encoding="utf-8"))


def _library_functions() -> dict[str, ast.FunctionDef]:
    functions: dict[str, ast.FunctionDef] = {}
    for path in LIBRARY.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                assert node.name not in functions, f"{node.name} is defined twice"
                functions[node.name] = node
    return functions


def test_every_thing_has_a_builder_that_takes_its_parameters() -> None:
    functions = _library_functions()
    for thing in THINGS.values():
        assert thing.builder in functions, thing.key
        names = [argument.arg for argument in functions[thing.builder].args.args]
        assert names[:3] == ["name", "size", "materials"], thing.key
        assert set(names[3:]) == set(thing.params), thing.key


def test_every_noun_means_one_thing_and_every_default_material_exists() -> None:
    assert len(NOUNS) == sum(len(thing.nouns) for thing in THINGS.values())
    for thing in THINGS.values():
        assert all(noun == noun.lower().strip() for noun in thing.nouns)
        for text in thing.materials.values():
            spec = slot_material(text)
            assert spec["name"]
            assert ":" not in text or colour(text.partition(":")[2]) is not None, text


def test_colours_and_materials_are_linear_and_named() -> None:
    assert len(COLOURS) >= 40
    assert all(0 <= channel <= 1 for rgb in COLOURS.values() for channel in rgb)
    assert colour("dark red") != colour("red") != colour("light red")
    assert colour("very dark sky-blue") is not None
    assert colour("gothic") is None
    words = [word for spec in MATERIALS.values() for word in spec.words]
    assert len(words) == len(set(words))
    assert MATERIALS["wood"].slot("red")["name"] == "Red Wood"


def _faults(report: dict[str, Any], check: Any) -> dict[str, Any]:
    """Things of which a build does not pass `check(thing, build)`, with what it gave."""
    failed = {}
    for key, builds in report["things"].items():
        for build in builds:
            fault = build.get("error") or check(THINGS[key], build)
            if fault:
                failed[key] = fault
    return failed


@pytest.mark.blender
def test_each_thing_fills_its_box_and_stands_on_the_ground(report: dict[str, Any]) -> None:
    def check(thing: Any, build: dict[str, Any]) -> Any:
        extent = [high - low for low, high in zip(build["low"], build["high"], strict=True)]
        off = [abs(a - b) for a, b in zip(extent, build["size"], strict=True)]
        shift = [abs(low + high) / 2 for low, high in zip(build["low"][:2], build["high"][:2], strict=True)]
        if abs(build["low"][2]) > 1e-5 or off[2] > 1e-3:
            return {"low": build["low"], "off": off}
        return (off, shift) if max(*off, *shift) > max(1e-3, 0.01 * max(build["size"])) else None

    assert _faults(report, check) == {}


@pytest.mark.blender
def test_each_thing_is_made_of_closed_outward_solids_without_slivers(report: dict[str, Any]) -> None:
    def check(thing: Any, build: dict[str, Any]) -> Any:
        names = (
            ("loose_verts", "thin_faces") if thing.open_mesh else ("open_edges", "loose_verts", "thin_faces", "inward")
        )
        faults = {name: build[name] for name in names if build[name]}
        if build["triangles"] > MAX_TRIANGLES:
            faults["triangles"] = build["triangles"]
        return faults

    assert _faults(report, check) == {}


@pytest.mark.blender
def test_each_thing_is_named_marked_and_wears_its_materials(report: dict[str, Any]) -> None:
    def check(thing: Any, build: dict[str, Any]) -> Any:
        title = thing.key.title()
        main = slot_material(next(iter(thing.materials.values())))
        wrong = []
        if (build["name"], build["mesh_name"], build["kind"]) != (title, title, thing.key):
            wrong.append((build["name"], build["mesh_name"], build["kind"]))
        if build["bare_faces"] or main["name"] not in build["materials"] or build["strays"]:
            wrong.append((build["bare_faces"], main["name"], build["materials"], build["strays"]))
        if bool(build["surface"]) != thing.surface or bool(build["inside"]) != thing.inside:
            wrong.append(("surface", build["surface"], "inside", build["inside"]))
        wrong += [part for part in thing.parts if f"{title} {part}" not in build["children"]]
        wrong += [scale for scale in build["scales"] if scale != [1.0, 1.0, 1.0]]
        return wrong

    assert _faults(report, check) == {}


@pytest.mark.blender
def test_surfaces_lie_within_the_thing(report: dict[str, Any]) -> None:
    def check(thing: Any, build: dict[str, Any]) -> Any:
        for area in (build["surface"], build["inside"]):
            if area is None:
                continue
            z, half_x, half_y = area
            inside = z <= build["size"][2] + 1e-4 and half_x * 2 <= build["size"][0] + 1e-4
            if not inside or half_y * 2 > build["size"][1] + 1e-4 or min(half_x, half_y) <= 0:
                return area
        return None

    assert _faults(report, check) == {}


@pytest.mark.blender
def test_the_same_order_gives_the_same_mesh(report: dict[str, Any]) -> None:
    differing = [key for key, builds in report["things"].items() if not builds[-1].get("repeats")]
    assert differing == []


@pytest.mark.blender
def test_the_stage_frames_the_scene_and_is_made_once(report: dict[str, Any]) -> None:
    stage = report["stage"]
    assert stage["objects"] == ["Camera", "Chair", "Fill Light", "Key Light"]
    assert stage["camera"] == "Camera"
    assert stage["lights"] == 2
    assert all(0.0 < x < 1.0 and 0.0 < y < 1.0 and depth > 0 for x, y, depth in stage["seen"])
    heights = [y for _, y, _ in stage["seen"]]
    assert max(heights) - min(heights) > 0.6
