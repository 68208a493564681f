"""A real Blender with a window, under Xvfb in a Debian root: start it, run code in it, press its buttons, look at it.

    with blender_window("4.3", tmp_path) as window:
        window.install(zip_file)
        window.show_sidebar("Prompt2Mesh")
        window.run("return bpy.app.version_string")
        window.picture(tmp_path / "panel.png")

Blender runs in bubblewrap: it sees this machine's loopback, its own root read-only, and `window.folder` as /tmp.
"""

import itertools
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.addon.support.kept import cache_folder
from tests.addon.support.window_root import window_root

SIZE_PX = (1280, 1000)
_INSIDE = Path(__file__).with_name("inside_blender.py")
_START_LIMIT_S = 180.0  # a cold shader cache on a busy machine


@dataclass
class Box:
    """The Debian root with one folder of this machine as its /tmp."""

    root: Path
    folder: Path
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The same command, in the box."""
        bwrap = ["bwrap", "--ro-bind", str(self.root), "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/run"]
        bwrap += ["--bind", str(self.folder), "/tmp", "--bind", str(self.home), "/root"]  # noqa: S108
        bwrap += ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--clearenv"]
        values = {"PATH": "/usr/bin:/usr/sbin", "HOME": "/root", "LANG": "C.UTF-8", "TMPDIR": "/tmp"}  # noqa: S108
        for name, value in (values | self.variables).items():
            bwrap += ["--setenv", name, value]
        return [*bwrap, *arguments]

    def start(self, arguments: Sequence[str], log: str, pass_fds: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        """Start it; its output goes to the file `log` of the folder."""
        with (self.folder / log).open("ab") as output:
            return subprocess.Popen(
                self.command(arguments), stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=pass_fds
            )

    def call(self, *arguments: str, limit_s: float = 120) -> bytes:
        """Its output. Raises: AssertionError: it failed."""
        done = subprocess.run(self.command(arguments), capture_output=True, timeout=limit_s)
        assert done.returncode == 0, f"{arguments[0]} ended with {done.returncode}: {done.stderr[-2000:].decode()}"
        return done.stdout


class BlenderWindow:
    """A Blender that runs. Not thread-safe."""

    def __init__(self, box: Box, process: subprocess.Popen[bytes]) -> None:
        self.box = box
        self.process = process
        self._numbers = itertools.count(1)

    @property
    def folder(self) -> Path:
        """What Blender sees as /tmp."""
        return self.box.folder

    def inside(self, path: Path) -> str:
        """How Blender names a file of `folder`."""
        return f"/tmp/{path.relative_to(self.folder)}"  # noqa: S108

    def log(self) -> str:
        """What Blender has printed."""
        return (self.folder / "blender.log").read_text(errors="replace")

    def run(self, code: str, limit_s: float = 60) -> Any:
        """What the body of a function returns that runs on Blender's main thread, between two redraws, as JSON.

        `bpy` is imported there; names given to `shared` (a dict) stay for later calls.

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

    def show_sidebar(self, tab: str) -> None:
        """Open the 3D view's sidebar at a tab."""
        self.run("show_sidebar()")
        time.sleep(0.7)  # the region exists after the next redraw; nothing tells when
        self.run(f"choose_tab({tab!r})")
        time.sleep(0.5)

    def click(self, x_px: int, y_px: int) -> None:
        """Press the left button there; (0, 0) is the upper left of the picture."""
        self._xdotool("mousemove", str(x_px), str(y_px))
        time.sleep(0.6)  # Blender lights a button up before it takes a press
        self._xdotool("mousedown", "1")
        time.sleep(0.1)
        self._xdotool("mouseup", "1")
        time.sleep(0.4)

    def type(self, text: str) -> None:
        """Type on the keyboard, into the field that has it."""
        self._xdotool("type", "--delay", "30", text)

    def key(self, name: str) -> None:
        """Press a key by X's name of it: Return, Escape, ctrl+z."""
        self._xdotool("key", name)

    def picture(self, file: Path) -> Path:
        """Write what the screen shows as a PNG."""
        self.box.call("sh", "-c", "xwd -root -silent | convert xwd:- png:/tmp/screen.png")
        file.write_bytes((self.folder / "screen.png").read_bytes())
        return file

    def _xdotool(self, *arguments: str) -> None:
        self.box.call("xdotool", *arguments)


@contextmanager
def blender_box(version: str, folder: Path) -> Iterator[Box]:
    """The Debian root with that Blender ("4.3" or "5.2") and a screen; `folder` (made if need be) is its /tmp."""
    home = cache_folder() / f"window-home-{version}"  # keeps compiled shaders: the next start takes 5 s, not 30
    for made in (folder / "orders", folder / "answers", folder / "user", home):
        made.mkdir(parents=True, exist_ok=True)
    box = Box(window_root(version), folder.resolve(), home)
    box.variables |= {"BLENDER_USER_RESOURCES": "/tmp/user", "LIBGL_ALWAYS_SOFTWARE": "1"}  # noqa: S108
    with ExitStack() as stack:
        box.variables["DISPLAY"] = stack.enter_context(_screen(box))
        yield box


@contextmanager
def blender_window(version: str, folder: Path, *options: str, online: bool = True) -> Iterator[BlenderWindow]:
    """A Blender with a window that answers; it and its screen are ended afterwards.

    `options`: more of Blender's own. `folder/user` holds its settings and extensions: a second start there has them.
    """
    with blender_box(version, folder) as box, blender_in(box, *options, online=online) as window:
        yield window


@contextmanager
def blender_in(box: Box, *options: str, online: bool = True) -> Iterator[BlenderWindow]:
    """Likewise, on a screen that is there: for a test that ends Blender and starts it again."""
    for old in (*(box.folder / "orders").iterdir(), *(box.folder / "answers").iterdir()):
        old.unlink()
    (box.folder / "inside_blender.py").write_bytes(_INSIDE.read_bytes())
    command = ["blender", "--factory-startup"] if not (box.folder / "user" / "config").exists() else ["blender"]
    command += ["--window-geometry", "0", "0", *map(str, SIZE_PX), "--online-mode" if online else "--offline-mode"]
    process = box.start([*command, *options, "--python", "/tmp/inside_blender.py"], "blender.log")  # noqa: S108
    try:
        window = BlenderWindow(box, process)
        window.wait("True", _START_LIMIT_S)
        yield window
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


@contextmanager
def _screen(box: Box) -> Iterator[str]:
    """A virtual screen; yields its name for DISPLAY."""
    (box.folder / ".X11-unix").mkdir(mode=0o1777, exist_ok=True)
    reading, writing = os.pipe()
    size = f"{SIZE_PX[0]}x{SIZE_PX[1]}x24"
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"]
    process = box.start(command, "screen.log", pass_fds=(writing,))
    os.close(writing)
    try:
        ready, _, _ = select.select([reading], [], [], 60)
        number = os.read(reading, 16).decode().strip() if ready else ""
        assert number, f"the screen did not start: {(box.folder / 'screen.log').read_text()}"
        yield f":{number}"
    finally:
        os.close(reading)
        process.terminate()
        process.wait(10)
