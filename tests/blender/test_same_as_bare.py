"""A script that bare `bpy` runs, the pod runs, and leaves the same scene."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.bench.third_party import BareBlender, compare_script
from tests.blender.pod_process import RunningPod

pytestmark = pytest.mark.blender

_SCRIPTS = {path.stem: path for path in sorted((Path(__file__).parent / "scripts").glob("*.py"))}
_FAIL_BARE_TOO = {"fails_half_way", "exits_with_failure"}
_QUICK = (
    *("left_in_edit_mode", "geometry_nodes_scatter", "particle_hair", "armature_rig", "random_unseeded"),
    *("operator_class", "argparse_main", "save_and_open", "default_cube"),
)


@pytest.fixture(scope="module")
def bare() -> Iterator[BareBlender]:
    with BareBlender.started() as blender:
        yield blender


def _sorted_out() -> list[object]:
    runs_well = [name for name in _SCRIPTS if name not in _FAIL_BARE_TOO]
    return [pytest.param(name, marks=() if name in _QUICK else pytest.mark.heavy) for name in runs_well]


@pytest.mark.parametrize("name", _sorted_out())
async def test_a_script_leaves_the_scene_that_it_leaves_bare(
    pod: RunningPod, bare: BareBlender, tmp_path: Path, name: str
) -> None:
    async with pod.toolbox() as box:
        compared = await compare_script(bare, box, _SCRIPTS[name], tmp_path / "scene")
    assert (compared["bare_error"], compared["pod_error"]) == ("", "")
    assert compared["differences"] == []


@pytest.mark.parametrize("name", sorted(_FAIL_BARE_TOO))
async def test_a_script_that_fails_bare_fails_with_the_same_error(
    pod: RunningPod, bare: BareBlender, tmp_path: Path, name: str
) -> None:
    async with pod.toolbox() as box:
        compared = await compare_script(bare, box, _SCRIPTS[name], tmp_path / "scene")
    assert not compared["bare_ok"]
    assert compared["bare_error"].split(":")[0] == compared["pod_error"].split(":")[0]


async def test_a_scene_that_is_another_is_told_apart(pod: RunningPod, bare: BareBlender, tmp_path: Path) -> None:
    script = tmp_path / "differs.py"
    only_here = "__file__.endswith('.step.py')"
    script.write_text(f"import bpy\nbpy.ops.mesh.primitive_cube_add(size=1.001 if {only_here} else 1)\n")
    async with pod.toolbox() as box:
        compared = await compare_script(bare, box, script, tmp_path / "scene")
    assert any("vertices" in difference for difference in compared["differences"])
