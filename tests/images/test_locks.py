"""Each image's lock is a part of the main one, is not stale, and holds all that the image's code imports."""

from pathlib import Path

import pytest

from scripts.images import locks
from scripts.images.imports import packages_of, third_parties
from scripts.images.locks import FOLDER, IMAGES, ROOT, blocks_of, lock_of, wanted_of

MAIN = blocks_of((ROOT / "requirements.lock").read_text())


@pytest.mark.parametrize("image", IMAGES)
def test_a_lock_is_what_its_list_asks_for_today(image: str) -> None:
    assert (FOLDER / f"{image}.lock").read_text() == lock_of(image), "stale: run ./scripts/lock"


@pytest.mark.parametrize("image", IMAGES)
def test_each_package_is_the_main_locks_by_version_and_hashes(image: str) -> None:
    ours = blocks_of((FOLDER / f"{image}.lock").read_text())
    assert ours
    assert {name: block for name, block in ours.items() if MAIN[name] != block} == {}


@pytest.mark.parametrize("image", IMAGES)
def test_the_lock_holds_all_that_the_images_code_imports(image: str) -> None:
    ours = blocks_of((FOLDER / f"{image}.lock").read_text()).keys()
    _, left_out = wanted_of((FOLDER / f"{image}.in").read_text())
    missing = {
        module: file for module, file in third_parties(image).items() if not packages_of(module) & (ours | left_out)
    }
    assert missing == {}, f"add these to k8s/images/{image}.in and run ./scripts/lock"


@pytest.mark.parametrize("image", IMAGES)
def test_the_list_names_what_is_imported_itself_and_not_by_chance(image: str) -> None:
    wanted, left_out = wanted_of((FOLDER / f"{image}.in").read_text())
    listed = {locks.canonicalize_name(one.name) for one in wanted} | left_out
    by_chance = {module for module in third_parties(image) if not packages_of(module) & listed}
    assert by_chance == set(), f"add these to k8s/images/{image}.in and run ./scripts/lock"


def test_the_backends_images_have_no_blender() -> None:
    for image in ("api", "ui"):
        assert not blocks_of((FOLDER / f"{image}.lock").read_text()).keys() & {"bpy", "scipy", "manifold3d"}


def test_a_stale_lock_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for image in IMAGES:
        (tmp_path / f"{image}.in").write_text((FOLDER / f"{image}.in").read_text())
        (tmp_path / f"{image}.lock").write_text((FOLDER / f"{image}.lock").read_text())
    monkeypatch.setattr(locks, "FOLDER", tmp_path)
    assert locks.main(["--check"]) == 0
    (tmp_path / "ui.in").write_text("httpx2\n")
    assert locks.main(["--check"]) == 1
    assert locks.main([]) == 0
    assert locks.main(["--check"]) == 0
