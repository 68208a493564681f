"""Every case of the modules `cases_…`, in a real Blender: one process goes through all, each from factory settings."""

import ast
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.addon.support.bpy_wheels import OWN, VERSIONS, blender_python

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[3]
# What is proved by its neighbours too, only slower: with the other Blenders, and in `./scripts/test --all`.
_SLOW = (
    "large: two hundred megabytes",
    "sending: the picture is as the view and changes nothing",
    "refusing: cut short anywhere",
)


def _cases() -> Iterator[str]:
    """The names that `session` gives them, read without Blender."""
    for path in sorted(HERE.glob("cases_*.py")):
        for part in ast.parse(path.read_text()).body:
            if isinstance(part, ast.FunctionDef) and part.name.startswith("case_"):
                yield f"{path.stem.removeprefix('cases_')}: {part.name.removeprefix('case_').replace('_', ' ')}"


CASES = tuple(_cases())


def run_cases(version: str, folder: Path, *chosen: str) -> dict[str, str]:
    """What became of each case: its traceback, or "". A Blender that dies is told by the cases that are missing."""
    environment = os.environ | {"BLENDER_USER_RESOURCES": str(folder / "user"), "PYTHONPATH": str(ROOT)}
    command = [str(blender_python(version)), "-m", "tests.addon.scene.session", str(folder), *chosen]
    with (folder / "log.txt").open("w") as log:
        subprocess.run(
            command, env=environment, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, timeout=600, check=False
        )
    told = [json.loads(line) for line in (folder / "told.jsonl").read_text().splitlines()]
    return {entry["case"]: entry["error"] for entry in told}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    chosen = [case for case in CASES if case not in _SLOW]
    return run_cases(OWN, tmp_path_factory.mktemp("scene"), *chosen)


@pytest.mark.blender
@pytest.mark.parametrize("case", [case for case in CASES if case not in _SLOW])
def test_scene(outcomes: dict[str, str], case: str) -> None:
    assert case in outcomes, "Blender died before or in this case"
    assert not outcomes[case], outcomes[case]


@pytest.mark.blender
@pytest.mark.heavy
@pytest.mark.parametrize("version", VERSIONS)
def test_every_case_in_every_blender(version: str, tmp_path: Path) -> None:
    outcomes = run_cases(version, tmp_path)
    assert not [case for case in CASES if case not in outcomes], "Blender died"
    failed = {case: error for case, error in outcomes.items() if error}
    assert not failed, "\n".join(failed.values())
