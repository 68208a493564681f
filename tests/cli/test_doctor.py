"""`prompt2mesh doctor`, and `make` where Blender cannot be isolated: one clear sentence, and nothing runs."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine

pytestmark = pytest.mark.blender

_TOOLS = ("sh", "setpriv", "runuser", "nice")


@pytest.fixture
def path_without_bubblewrap(tmp_path: Path) -> str:
    """A PATH that has what the stack needs, but no bwrap."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in _TOOLS:
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    return str(folder)


def test_doctor_fails_and_tells_the_command_that_mends(command_line: CommandLine, path_without_bubblewrap: str) -> None:
    done = command_line.run("doctor", PATH=path_without_bubblewrap)
    assert done.returncode == 1
    assert "sudo apt-get install -y bubblewrap" in done.stdout


def test_doctor_says_that_isolation_was_switched_off(command_line: CommandLine, path_without_bubblewrap: str) -> None:
    word = "none-and-model-code-gets-my-rights"
    done = command_line.run("doctor", "--json", PATH=path_without_bubblewrap, P2M_POD_ISOLATION=word)
    assert done.returncode == 1
    first = json.loads(done.stdout)[0]
    assert first["name"] == "isolation"
    assert first["state"] == "missing"
    assert "NO ISOLATION" in first["detail"]


@pytest.mark.heavy
def test_make_without_bubblewrap_is_refused_in_one_sentence(
    command_line: CommandLine, path_without_bubblewrap: str
) -> None:
    done = command_line.run("make", "a cube", "--out", "out", PATH=path_without_bubblewrap)
    assert done.returncode != 0
    told = done.stdout + done.stderr
    assert "bubblewrap is missing" in told
    assert "Traceback" not in told
    command_line.assert_nothing_runs()
