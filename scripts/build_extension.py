"""Builds the Blender extension with Blender's own tool: a validated zip, the same bytes each time, and its listing.

Usage: build_extension.py [--source FOLDER] [--out FOLDER] [--if-changed]

`FOLDER` (addon/dist, which the API serves) then holds prompt2mesh-<version>.zip and index.json, a static extension
repository of Blender's. The version stands in addon/blender_manifest.toml alone. `--if-changed`: a few milliseconds
where the zip is that of the source. stdout: the zip's path. Exit code 1, and what Blender's tool said, if it refuses.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SOURCE, OUT = PROJECT / "addon", PROJECT / "addon" / "dist"
LISTING, STAMP = "index.json", ".stamp"
_NO_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip can say
_TOOL = "scripts/addons_core/bl_pkg/cli/blender_ext.py"
_TAGS = "scripts/modules/_bpy_internal/extensions/tags.py"


class Refused(Exception):
    """Blender's tool is not there, or does not take what we built; the text is its own."""


def build(source: Path, out: Path) -> Path:
    """Build `source` into `out` and list it there; older zips go. Returns the zip. Raises: Refused.

    The zip comes before the listing that names it, each in one move: who reads `out` meanwhile finds a whole zip.
    """
    with tempfile.TemporaryDirectory(prefix="extension-") as scratch:
        staged, made, listed = (Path(scratch) / name for name in ("source", "made", "listed"))
        for folder in (made, listed):
            folder.mkdir()
        _stage(source, staged)
        tags = f"--valid-tags={_of_blender(_TAGS)}"
        _blender_tool("build", f"--source-dir={staged}", f"--output-dir={made}", tags)
        (rough,) = made.glob("*.zip")
        archive = listed / rough.name
        _write_same(rough, archive)
        _blender_tool("validate", tags, str(archive))
        _blender_tool("server-generate", f"--repo-dir={listed}")
        out.mkdir(parents=True, exist_ok=True)
        for name in (archive.name, LISTING):
            part = out / f".{name}.{os.getpid()}.part"
            shutil.copyfile(listed / name, part)
            part.replace(out / name)
    for old in out.glob("*.zip"):
        if old.name != archive.name:
            old.unlink()
    (out / STAMP).write_text(stamp_of(source))
    return out / archive.name


def is_built(source: Path, out: Path) -> bool:
    """What lies in `out` was built from `source` as it is."""
    stamp = out / STAMP
    return (out / LISTING).is_file() and stamp.is_file() and stamp.read_text() == stamp_of(source)


def stamp_of(source: Path) -> str:
    """A text that changes with each file of the source, with the licence and with this script."""
    digest = hashlib.sha256()
    for path in (Path(__file__), PROJECT / "LICENSE", *_files_of(source)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(source) if path.is_relative_to(source) else ''}\0{content}\0".encode())
    return digest.hexdigest()


def _files_of(source: Path) -> Iterator[Path]:
    for path in sorted(source.rglob("*")):
        parts = path.relative_to(source).parts
        if path.is_file() and parts[0] != OUT.name and "__pycache__" not in parts:
            yield path


def _stage(source: Path, staged: Path) -> None:
    """A copy with the licence beside it: it must go with every copy of the code."""
    for path in _files_of(source):
        target = staged / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    shutil.copyfile(PROJECT / "LICENSE", staged / "LICENSE")


def _write_same(rough: Path, archive: Path) -> None:
    """The same files in alphabetic order, without times and owners: two builds of one source are equal."""
    with zipfile.ZipFile(rough) as found, zipfile.ZipFile(archive, "w") as written:
        for name in sorted(found.namelist()):
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # unix, wherever it is built
            written.writestr(entry, found.read(name), compresslevel=9)


def _blender_tool(*arguments: str) -> None:
    command = [sys.executable, "-P", str(_of_blender(_TOOL)), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise Refused(f"Blender's extension tool refuses to {arguments[0]}:\n{done.stdout}{done.stderr}".strip())


def _of_blender(path: str) -> Path:
    """A file of the bpy wheel, found without an import of bpy. Raises: Refused."""
    spec = find_spec("bpy")
    folders = spec.submodule_search_locations if spec else None
    found = [file for folder in folders or () for file in Path(folder).glob(f"*/{path}")]
    if not found:
        raise Refused(f"The bpy package that carries Blender's {path} is not installed; run ./scripts/setup.")
    return found[0]


def main() -> int:
    parser = argparse.ArgumentParser(description="Builds the Blender extension, and its listing.")
    parser.add_argument("--source", type=Path, default=SOURCE, help="the add-on's folder [addon]")
    parser.add_argument("--out", type=Path, default=OUT, help="where zip and listing go [addon/dist]")
    parser.add_argument("--if-changed", action="store_true", help="do nothing where they are those of the source")
    given = parser.parse_args()
    try:
        if not (given.if_changed and is_built(given.source, given.out)):
            build(given.source, given.out)
    except (Refused, OSError) as error:
        print(f"build_extension: {error}", file=sys.stderr)
        return 1
    print(*sorted(given.out.glob("*.zip")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
