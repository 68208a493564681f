"""Hints for real errors of a real Blender, and that what they advise works in it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cloud.blender.renames import RENAMES, Rename, renames_of
from tests.blender.hint_cases import OTHER_CASES, OWNERS, REMEDIES

pytestmark = pytest.mark.blender

_PROJECT = Path(__file__).resolve().parents[2]
_NOT_GONE_IN_4_5 = {("vertex_colors", "Mesh")}  # on its way out: told by lookup
_ATTRIBUTES = [
    entry
    for entry in RENAMES
    if entry.since <= (4, 5) and entry.owner in OWNERS and (entry.old, entry.owner) not in _NOT_GONE_IN_4_5
    if f"{entry.owner}.{entry.old}" in REMEDIES
]


def _attribute_case(entry: Rename) -> tuple[str, str, str, str]:
    setup, owner = OWNERS[entry.owner]
    return setup, f"{owner}.{entry.old}", entry.advice, REMEDIES[f"{entry.owner}.{entry.old}"]


CASES = [*map(_attribute_case, _ATTRIBUTES), *OTHER_CASES]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What one Blender said to all cases."""
    folder = tmp_path_factory.mktemp("hints")
    cases = [(setup, code, remedy) for setup, code, _, remedy in CASES]
    (folder / "cases.json").write_text(json.dumps(cases))
    command = [sys.executable, "-P", "-m", "tests.blender.bare_blender", str(folder)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(_PROJECT)}
    subprocess.run(command, check=True, timeout=120, env=environment, capture_output=True)
    return json.loads((folder / "results.json").read_text())


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{code.splitlines()[-1][:60]}" for _, code, _, _ in CASES])
def test_a_hint_says_what_to_do_and_that_works(number: int, results: list[dict[str, Any]]) -> None:
    _, _, words, _ = CASES[number]
    result = results[number]
    assert result["error"], "this code must fail"
    assert words in result["hint"]
    assert bool(words) == bool(result["hint"])
    assert len(result["hint"]) < 220
    assert "\n" not in result["hint"]
    assert result["remedy_error"] == ""


def test_every_old_name_has_a_case() -> None:
    told = {f"{entry.owner}.{entry.old}" for entry in _ATTRIBUTES}
    code = "\n".join(case[1] for case in OTHER_CASES)
    later = {entry for entry in RENAMES if entry.since > (4, 5)}
    left = [
        entry
        for entry in RENAMES
        if entry not in later and (entry.old, entry.owner) not in _NOT_GONE_IN_4_5
        if f"{entry.owner}.{entry.old}" not in told and entry.old not in code
    ]
    assert left == []


@pytest.mark.parametrize(
    ("version", "words"),
    [((4, 1), []), ((4, 2), ["'BLENDER_EEVEE_NEXT'"]), ((4, 5), ["'BLENDER_EEVEE_NEXT'"]), ((5, 0), [])],
)
def test_eevee_is_right_in_each_version(version: tuple[int, int], words: list[str]) -> None:
    assert [word for entry in renames_of("BLENDER_EEVEE", version) for word in words if word in entry.advice] == words
    assert bool(renames_of("BLENDER_EEVEE_NEXT", version)) == (version >= (5, 0))
