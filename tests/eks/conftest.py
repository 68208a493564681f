"""The scripts of scripts/eks, run as users run them, with stand-ins for the programs that they call."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = (
    "plan",
    "up",
    "settings",
    "secrets",
    "controllers",
    "build",
    "push",
    "deploy",
    "roll-back",
    "status",
    "tear-down",
)
_PROGRAMS = ("aws", "kubectl", "docker", "buildah", "podman", "helm", "terraform", "curl")
_LIMIT_S = 60
ACCOUNT = "012345678901"


@dataclass(frozen=True)
class Ran:
    """How a script ended."""

    exit_code: int
    out: str
    err: str


@dataclass(frozen=True)
class Bench:
    """A folder of stand-ins, what they recorded, and the file of settings that the scripts are given."""

    folder: Path
    settings: Path
    cache: Path

    def run(self, script: str, *options: str, answer: str | None = None) -> Ran:
        """Run one script of scripts/eks to its end; `answer` is typed, if somebody asks."""
        told = () if script in ("plan", "up") else ("--settings", str(self.settings))
        environment = {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "P2M_STAND_IN": str(self.folder),
            "P2M_STAND_IN_CACHE": str(self.cache),
        }
        ran = subprocess.run(
            [str(ROOT / "scripts" / "eks" / script), *told, *options],
            env=environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            input=answer,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    @property
    def calls(self) -> list[str]:
        """Each command line that a stand-in was called with, in order."""
        file = self.folder / "calls.jsonl"
        return [json.loads(line)["line"] for line in file.read_text().splitlines()] if file.is_file() else []

    @property
    def commands(self) -> list[list[str]]:
        """The same, each as the list of its words."""
        return [json.loads(line)["argv"] for line in (self.folder / "calls.jsonl").read_text().splitlines()]

    def given_to(self, words: str) -> list[str]:
        """What was on the standard input of each call whose command line has these words."""
        lines = map(json.loads, (self.folder / "calls.jsonl").read_text().splitlines())
        return [one["given"] for one in lines if words in one["line"]]

    def forget(self) -> None:
        """No calls so far; what the stand-ins know stays."""
        (self.folder / "calls.jsonl").unlink(missing_ok=True)

    @property
    def world(self) -> dict[str, Any]:
        """What the stand-ins know."""
        return json.loads((self.folder / "world.json").read_text())

    def change(self, **facts: Any) -> None:
        """What they shall know from now on."""
        (self.folder / "world.json").write_text(json.dumps(self.world | facts))

    def fail(self, when: str, says: str = "it went wrong", exit_code: int = 1, times: int = 1) -> None:
        """The next calls with these words (several with ` … ` between) fail."""
        fault = {"when": when, "says": says, "exit": exit_code, "times": times}
        (self.folder / "faults.json").write_text(json.dumps([fault]))


@pytest.fixture
def bench(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """An account with a cluster, images of version 1.0.0 and 1.1.0 built, nothing pushed, nothing deployed."""
    (tmp_path / "bin").mkdir()
    program = f"#!{sys.executable} -SE\n" + (Path(__file__).parent / "stand_in.py").read_text()
    for name in _PROGRAMS:
        file = tmp_path / "bin" / name
        file.write_text(program)
        file.chmod(0o755)
    built = [f"prompt2mesh-{name}:{tag}" for name in ("api", "ui", "blender") for tag in ("1.0.0", "1.1.0", "1.2.0")]
    world = {
        "account": ACCOUNT, "built": built, "pushed": [], "objects": {}, "job_states": ["Complete"], "schema": "0006",
        "secret": None, "buckets": [], "cluster": True, "outputs": {},
    }  # fmt: skip
    (tmp_path / "world.json").write_text(json.dumps(world))
    return Bench(tmp_path, _settings(tmp_path), tmp_path_factory.getbasetemp())


def _settings(folder: Path) -> Path:
    text = (ROOT / "k8s" / "overlays" / "eks" / "settings.env").read_text()
    text = text.replace("111122223333", ACCOUNT).replace("example.org", "example.net").replace("TAG=0.1.0", "TAG=1.0.0")
    file = folder / "settings.env"
    file.write_text(text)
    return file


@pytest.fixture
def released(bench: Bench) -> Callable[..., None]:
    """Pushes and deploys versions, one after the other, and forgets the calls."""

    def release(*tags: str, schema: str = "0006") -> None:
        for tag in tags:
            bench.change(schema=schema, job_states=["Complete"])
            assert bench.run("push", "--tag", tag).exit_code == 0
            ran = bench.run("deploy", "--tag", tag)
            assert ran.exit_code == 0, ran.err
        bench.forget()

    return release
