"""Other Blenders as Python modules: bpy 4.2 LTS and 5.0 beside the 4.5 LTS of this project.

Each has a virtual environment of its own in the cache (950 MB, half a minute), installed from a lock with hashes and no
address beside this file. 4.2 comes with the `requests` and `urllib3` that Blender 4.2 itself carries.
"""

import subprocess
import sys
from pathlib import Path

from tests.addon.support.kept import kept

OWN = "4.5"
VERSIONS = ("4.2", OWN, "5.0")
_LOCKS = Path(__file__).parent


def blender_python(version: str) -> Path:
    """The interpreter that imports this bpy ("4.2", "4.5" or "5.0"), installed first where it is missing.

    Start it with `PYTHONPATH` unset and without `-P`: nothing of this project is in its way then. Each process needs
    a `BLENDER_USER_RESOURCES` of its own, or it reads and writes the user's own Blender.
    """
    if version == OWN:
        return Path(sys.executable)
    lock = _LOCKS / f"bpy-{version}.lock"
    recipe = f"{lock.read_text()}\n{sys.base_prefix}"
    return kept(f"bpy-{version}", recipe, lambda folder: _install(lock, folder)) / "bin" / "python"


def _install(lock: Path, folder: Path) -> None:
    subprocess.run([_uv(), "venv", "--quiet", "--python", sys.executable, str(folder)], check=True, timeout=120)
    install = [_uv(), "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), "--require-hashes"]
    done = subprocess.run([*install, "-r", str(lock)], capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, f"the packages of {lock.name} could not be installed: {done.stderr[-2000:]}"


def _uv() -> str:
    return str(Path(sys.executable).with_name("uv"))
