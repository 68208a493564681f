"""A Blender that runs, whatever kind: code runs on its main thread, extensions are installed in it.

    with blender_module("5.0", tmp_path) as blender:
        blender.install(zip_file)
        blender.run("return bpy.app.version_string")

`blender_module` is the bpy wheel; `blender_window` (window.py) is the program with a window.
"""

import itertools
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.addon.support.bpy_wheels import blender_python

INSIDE = Path(__file__).with_name("inside_blender.py")
START_LIMIT_S = 180.0  # a cold shader cache on a busy machine


class Blender:
    """One that answers. Not thread-safe."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], known_as: str) -> None:
        """`folder`, which Blender knows by the path `known_as`, has its orders, answers, log and user files."""
        self.folder = folder
        self.process = process
        self._known_as = known_as
        self._numbers = itertools.count(1)

    def inside(self, path: Path) -> str:
        """How Blender names a file of `folder`."""
        return f"{self._known_as}/{path.relative_to(self.folder)}"

    def log(self) -> str:
        """What Blender has printed."""
        return (self.folder / "blender.log").read_text(errors="replace")

    def run(self, code: str, limit_s: float = 60) -> Any:
        """What the body of a function returns that runs on Blender's main thread, between two redraws, as JSON.

        Names there: `bpy`; `shared`, a dict that stays; `add_on("panel.session")`, a module of the installed add-on.

        Raises: AssertionError: the code raised (with its traceback), or Blender has gone or is stuck.
        """
        number = next(self._numbers)
        orders, answer = self.folder / "orders", self.folder / "answers" / f"{number}.json"
        (orders / f"{number}.tmp").write_text(code)
        (orders / f"{number}.tmp").rename(orders / f"{number}.py")
        deadline = time.monotonic() + limit_s
        while not answer.exists():
            assert self.process.poll() is None, f"Blender has gone: {self.log()[-3000:]}"
            assert time.monotonic() < deadline, f"not within {limit_s} s: {code[:200]}\n{self.log()[-2000:]}"
            time.sleep(0.02)
        told = json.loads(answer.read_text())
        assert "error" not in told, told["error"]
        return told["value"]

    def wait(self, expression: str, limit_s: float = 60) -> Any:
        """The expression's value as soon as it is true. Blender lives on meanwhile."""
        deadline = time.monotonic() + limit_s
        while not (value := self.run(f"return {expression}")):
            assert time.monotonic() < deadline, f"not within {limit_s} s: {expression}\n{self.log()[-2000:]}"
            time.sleep(0.1)
        return value

    def install(self, archive: Path) -> None:
        """Install and enable an extension's zip in the running Blender, as "Install from Disk" does."""
        copy = self.folder / archive.name
        copy.write_bytes(archive.read_bytes())
        self.run(
            f"bpy.ops.extensions.package_install_files(filepath={self.inside(copy)!r}, repo='user_default', "
            "enable_on_install=True)"
        )


def make_folders(folder: Path) -> None:
    """What a Blender in `folder` needs there; orders of an earlier one are gone."""
    for name in ("orders", "answers", "user"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for old in (*(folder / "orders").iterdir(), *(folder / "answers").iterdir()):
        old.unlink()


@contextmanager
def ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """The process is gone after the block."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


@contextmanager
def blender_module(version: str, folder: Path, *, online: bool = True, **variables: str) -> Iterator[Blender]:
    """The bpy wheel "4.2", "4.5" or "5.0", with its settings and extensions in `folder/user`, till the block ends.

    `variables`: more of its environment.
    """
    make_folders(folder)
    ours = {"PATH": os.environ["PATH"], "HOME": str(folder), "BROWSER": "true", "LANG": "C.UTF-8"}
    ours |= {"BLENDER_USER_RESOURCES": str(folder / "user"), "P2M_TEST_FOLDER": str(folder)}
    ours |= {"P2M_TEST_ONLINE": "1" if online else "0"}
    with (folder / "blender.log").open("ab") as log:
        process = subprocess.Popen(
            [blender_python(version), INSIDE],
            cwd=folder,
            env=ours | variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    with ended(process):
        blender = Blender(folder, process, str(folder))
        blender.wait("True", START_LIMIT_S)
        yield blender
