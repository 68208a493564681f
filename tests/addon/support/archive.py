"""The add-on's zip, built once a test run by the script that ships it."""

import functools
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
SCRIPT, SOURCE = PROJECT / "scripts" / "build_extension.py", PROJECT / "addon"


@functools.cache
def extension_folder() -> Path:
    """A folder with zip and listing of the add-on as it is: what the API serves."""
    return _build(SOURCE)


@functools.cache
def extension_folder_of(version: str) -> Path:
    """Likewise, of the same add-on under another version."""
    source = Path(tempfile.mkdtemp(prefix="extension-source-"))
    shutil.copytree(SOURCE, source, dirs_exist_ok=True, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    manifest = source / "blender_manifest.toml"
    manifest.write_text(re.sub(r'(?m)^version = "[^"]*"', f'version = "{version}"', manifest.read_text()))
    return _build(source)


def built_archive() -> Path:
    """The zip itself."""
    (archive,) = extension_folder().glob("*.zip")
    return archive


def _build(source: Path) -> Path:
    out = Path(tempfile.mkdtemp(prefix="extension-built-"))
    command = [sys.executable, str(SCRIPT), "--source", str(source), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return out
