"""A real Blender with a window, under Xvfb in a Debian root: start it, run code in it, press its buttons, look at it.

    with blender_window("4.3", tmp_path) as window:
        window.install(zip_file)
        window.show_sidebar("Prompt2Mesh")
        window.run("return bpy.app.version_string")
        window.picture(tmp_path / "panel.png")

Blender runs in bubblewrap: it sees this machine's loopback, its own root read-only, and `window.folder` as /tmp.
"""

import os
import select
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.addon.support.blender import INSIDE, START_LIMIT_S, Blender, ended, make_folders
from tests.addon.support.kept import cache_folder
from tests.addon.support.window_root import window_root

SIZE_PX = (1280, 1000)


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
        printed = (done.stdout + done.stderr)[-3000:].decode(errors="replace")
        assert done.returncode == 0, f"{arguments[0]} ended with {done.returncode}: {printed}"
        return done.stdout


class BlenderWindow(Blender):
    """A Blender with a window."""

    def __init__(self, box: Box, process: subprocess.Popen[bytes]) -> None:
        super().__init__(box.folder, process, "/tmp")  # noqa: S108
        self.box = box

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
    home.mkdir(parents=True, exist_ok=True)
    make_folders(folder)
    box = Box(window_root(version), folder.resolve(), home)
    box.variables |= {"BLENDER_USER_RESOURCES": "/tmp/user", "P2M_TEST_FOLDER": "/tmp"}  # noqa: S108
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
    make_folders(box.folder)
    (box.folder / INSIDE.name).write_bytes(INSIDE.read_bytes())
    command = ["blender"] if (box.folder / "user" / "config").exists() else ["blender", "--factory-startup"]
    command += ["--window-geometry", "0", "0", *map(str, SIZE_PX), "--online-mode" if online else "--offline-mode"]
    process = box.start([*command, *options, "--python", f"/tmp/{INSIDE.name}"], "blender.log")  # noqa: S108
    with ended(process):
        window = BlenderWindow(box, process)
        window.wait("True", START_LIMIT_S)
        yield window


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
