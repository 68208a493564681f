"""`python -m cloud.blender.doctor` and the pod where Blender cannot be isolated: found, told, and no way around it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError

from cloud.blender.isolation.sandbox import UNSAFE_WORD
from cloud.fleet.pod_tokens import PodTokens
from cloud.settings import Settings

pytestmark = pytest.mark.blender

_PROJECT = Path(__file__).resolve().parents[2]
_TOOLS = ("sh", "setpriv")
NOT_THE_SENTENCE = ["", "none", "no", "off", "0", "1", "true", "unsafe", "none-and-model-code", UNSAFE_WORD.upper()]


def _tools(folder: Path, *more: str) -> Path:
    """A folder with what a pod needs of a system, and bubblewrap only if it is named."""
    folder.mkdir()
    for name in (*_TOOLS, *more):
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return folder


def _broken_bubblewrap(folder: Path, script: str) -> Path:
    tools = _tools(folder)
    program = tools / "bwrap"
    program.write_text(f"#!{sys.executable}\nimport os, sys\nREAL = {shutil.which('bwrap')!r}\n{script}")
    program.chmod(0o755)
    return tools


def _environment(path: Path) -> dict[str, str]:
    return {"PATH": str(path), "PYTHONPATH": str(_PROJECT), "HOME": str(path)}


def _examined(path: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """The doctor's exit code and its findings by name, where `path` is all of PATH."""
    command = [sys.executable, "-P", "-m", "cloud.blender.doctor"]
    done = subprocess.run(command, env=_environment(path), capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, {finding["name"]: finding for finding in json.loads(done.stdout)}


def test_a_machine_without_bubblewrap_is_told_how_to_get_it(tmp_path: Path) -> None:
    code, findings = _examined(_tools(tmp_path / "bin"))
    assert code == 1
    assert findings["bubblewrap"]["state"] == "missing"
    assert findings["bubblewrap"]["mend"] == "sudo apt-get install -y bubblewrap"
    assert "Blender" not in findings, "nothing is started without walls"


@pytest.mark.parametrize(
    ("option", "operands", "title"),
    [
        ("--unshare-net", 0, "no network"),
        ("--unshare-pid", 0, "other processes hidden"),
        ("--seccomp", 1, "system call filter"),
        ("--size", 1, "disk quota"),
    ],
)
def test_a_wall_that_is_missing_is_found(tmp_path: Path, option: str, operands: int, title: str) -> None:
    script = f"""
if sys.argv[1:] == ["--version"]:
    os.execv(REAL, sys.argv)
words = sys.argv[1:]
while {option!r} in words[:words.index("--")]:
    at = words.index({option!r})
    del words[at : at + 1 + {operands}]
os.execv(REAL, [REAL, *words])
"""
    code, findings = _examined(_broken_bubblewrap(tmp_path / "bin", script))
    assert code == 1
    assert findings[title]["state"] == "missing"
    assert "NOT refused" in findings[title]["detail"]
    assert findings[title]["mend"]
    assert "Blender" not in findings


def test_a_bubblewrap_that_makes_no_walls_is_found(tmp_path: Path) -> None:
    script = f"""
if sys.argv[1:] == ["--version"]:
    os.execv(REAL, sys.argv)
words = sys.argv[sys.argv.index("--") + 1 :]
words = words[words.index("-P") :]
os.environ["PYTHONPATH"] = {str(_PROJECT)!r}
os.execv({sys.executable!r}, [{sys.executable!r}, *words])
"""
    code, findings = _examined(_broken_bubblewrap(tmp_path / "bin", script))
    assert code == 1
    assert "missing" in {finding["state"] for finding in findings.values()}
    assert all(finding["mend"] for finding in findings.values() if finding["state"] == "missing")
    assert "Blender" not in findings


def test_a_bubblewrap_that_the_kernel_refuses_is_told(tmp_path: Path) -> None:
    script = """
if sys.argv[1:] == ["--version"]:
    os.execv(REAL, sys.argv)
sys.exit("bwrap: No permissions to create new namespace")
"""
    code, findings = _examined(_broken_bubblewrap(tmp_path / "bin", script))
    assert code == 1
    assert findings["sandbox"]["state"] == "missing"
    assert findings["sandbox"]["mend"]


def test_a_pod_without_bubblewrap_starts_no_blender_and_says_why(tmp_path: Path) -> None:
    with _front(tmp_path, _tools(tmp_path / "bin")) as process:
        assert process.stdout
        port = json.loads(process.stdout.readline())["port"]
        answer = httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=60)
        process.terminate()
        assert answer.status_code == 503
        assert "bubblewrap is missing" in answer.json()["detail"]
        assert "apt-get install bubblewrap" in answer.json()["detail"]


def _front(folder: Path, path: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-m", "cloud.blender", "--workspace", str(folder / "pod"), "--audience", "a"]
    command += ["--public-key", PodTokens().public_key_pem, *options]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=_environment(path), stdout=pipe, stderr=pipe, text=True)


@pytest.mark.parametrize("word", NOT_THE_SENTENCE)
def test_walls_fall_for_the_whole_sentence_alone(tmp_path: Path, word: str) -> None:
    with pytest.raises(ValidationError, match="pod_isolation"):
        Settings(pod_isolation=word)  # type: ignore[arg-type]
    if word in ("", "none", "true", UNSAFE_WORD.upper()):
        with _front(tmp_path, Path(os.defpath), "--isolation", word) as process:
            _, said = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "invalid choice" in said
    assert UNSAFE_WORD == "none-and-model-code-gets-my-rights"
