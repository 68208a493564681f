"""The zip: what is in it, the same bytes each time, taken by Blender's own tool, and refused where it must be."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.addon.support.archive import SCRIPT, SOURCE, built_archive


def build(source: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--source", str(source), "--out", str(out), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the add-on that a test may spoil."""
    return shutil.copytree(SOURCE, tmp_path / "source", ignore=shutil.ignore_patterns("dist", "__pycache__"))


def test_two_builds_at_other_times_in_other_places_are_the_same_bytes(source: Path, tmp_path: Path) -> None:
    for number, path in enumerate(sorted(source.rglob("*.py"))):
        path.touch()
        path.chmod(0o600 if number % 2 else 0o755)
    (source / "__pycache__").mkdir()
    (source / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"left by a run")
    (source / ".hidden").write_text("an editor's")
    assert build(source, tmp_path / "out").returncode == 0
    (archive,) = (tmp_path / "out").glob("*.zip")
    assert archive.read_bytes() == built_archive().read_bytes()
    with zipfile.ZipFile(archive) as opened:
        times = {entry.date_time for entry in opened.infolist()}
    assert times == {(1980, 1, 1, 0, 0, 0)}, "a second build within two seconds would show nothing"


def test_zip_holds_the_add_on_and_its_licence_and_nothing_else() -> None:
    with zipfile.ZipFile(built_archive()) as archive:
        names = set(archive.namelist())
    expected = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*") if path.is_file()}
    expected = {name for name in expected if "__pycache__" not in name and not name.startswith("dist/")}
    assert names == expected | {"LICENSE"}
    assert {"__init__.py", "blender_manifest.toml"} <= names
    assert not any("test" in name for name in names)


def test_older_zips_leave_the_listing_with_the_build_of_a_new_version(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert build(source, out).returncode == 0
    (before,) = out.glob("*.zip")
    manifest = source / "blender_manifest.toml"
    manifest.write_text(
        manifest.read_text().replace(f'version = "{before.stem.partition("-")[2]}"', 'version = "9.8.7"')
    )
    assert build(source, out, "--if-changed").stdout.strip() == str(out / "prompt2mesh-9.8.7.zip")
    assert [path.name for path in out.glob("*.zip")] == ["prompt2mesh-9.8.7.zip"]
    assert '"./prompt2mesh-9.8.7.zip"' in (out / "index.json").read_text()


def test_build_of_what_is_built_already_touches_nothing(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = build(source, out)
    (archive,) = out.glob("*.zip")
    built_at = archive.stat().st_mtime_ns
    again = build(source, out, "--if-changed")
    assert again.stdout == first.stdout == f"{archive}\n"
    assert archive.stat().st_mtime_ns == built_at


def test_manifest_that_blender_would_refuse_is_refused_and_the_last_build_stays(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert build(source, out).returncode == 0
    before = sorted((path.name, path.read_bytes()) for path in out.iterdir())
    manifest = source / "blender_manifest.toml"
    manifest.write_text(manifest.read_text().replace("3D View", "No Such Tag"))
    refused = build(source, out)
    assert refused.returncode == 1
    assert "No Such Tag" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert sorted((path.name, path.read_bytes()) for path in out.iterdir()) == before
