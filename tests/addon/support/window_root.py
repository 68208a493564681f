"""Debian systems that carry a Blender with a window: trixie has 4.3, sid has 5.2 LTS.

Made once by mmdebstrap (as root; it is installed where it is missing) into the cache, 1.1 GB and some minutes each.
"""

import os
import shutil
import subprocess
from pathlib import Path

from tests.addon.support.kept import kept

SUITES = {"4.3": "trixie", "5.2": "sid"}
"""Blender's version: the Debian that carries it."""

_PACKAGES = (
    "ca-certificates,blender,python3-numpy,python3-cattr,python3-requests,xvfb,xauth,x11-utils,x11-apps,xdotool,"
    "libgl1-mesa-dri,libglx-mesa0,libegl-mesa0,libegl1,libgl1,fonts-dejavu-core,imagemagick,dbus-x11"
)
_LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*")
# Mirrors that are kept for a purpose serve release files past their date.
_APT = ('Acquire::Check-Valid-Until "false"', 'Acquire::Check-Date "false"', 'APT::Install-Recommends "false"')


def window_root(blender: str) -> Path:
    """The root folder of a system with this Blender ("4.3" or "5.2"), made first where it is missing.

    Raises: AssertionError: it is not there and cannot be made here; the sentence says why.
    """
    suite = SUITES[blender]
    command = _command(suite)
    return kept(f"window-{blender}", " ".join(command), lambda folder: _make(command, folder))


def _command(suite: str) -> list[str]:
    options = [f"--aptopt={line}" for line in _APT] + [f"--dpkgopt=path-exclude={path}" for path in _LEFT_OUT]
    return [
        "mmdebstrap",
        "--quiet",
        "--variant=apt",
        "--mode=root",
        f"--include={_PACKAGES}",
        *options,
        suite,
    ]


def _make(command: list[str], folder: Path) -> None:
    assert os.geteuid() == 0, f"{folder} is made by mmdebstrap, as root: run one heavy test of the window as root"
    if shutil.which("mmdebstrap") is None:
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "mmdebstrap", "bubblewrap"]
        subprocess.run(["apt-get", "update", "-qq"], check=True, timeout=600)
        subprocess.run(install, check=True, timeout=600, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
    folder.mkdir()
    # By way of a tar file: mmdebstrap mounts /proc and /sys in the folder that it works in, and ours is removed as a
    # whole if it fails. Device files come from bubblewrap.
    tar = folder / ".root.tar"
    done = subprocess.run([*command, str(tar)], capture_output=True, text=True, timeout=3600)
    assert done.returncode == 0, f"mmdebstrap could not make {folder}: {done.stderr[-2000:]}"
    subprocess.run(["tar", "--extract", f"--file={tar}", f"--directory={folder}", "--exclude=./dev/*"], check=True)
    tar.unlink()
