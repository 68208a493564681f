"""The lock is whole: it covers what the project declares, pins with hashes, and names no download address."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text()


def normalised(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


LOCKED = {normalised(name) for name in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", LOCK, re.MULTILINE)}


def declared() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines = [
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    return [normalised(re.split(r"[\[<>=!~;, ]", line, maxsplit=1)[0]) for line in lines]


@pytest.mark.parametrize("name", declared())
def test_each_declared_dependency_is_locked(name: str) -> None:
    assert name in LOCKED


def test_each_locked_package_has_a_hash() -> None:
    blocks = re.split(r"\n(?=\S)", LOCK.strip())
    assert len(blocks) == len(LOCKED)
    assert all("--hash=sha256:" in block for block in blocks)


def test_the_lock_names_no_address() -> None:
    assert not re.search(r"https?:|index-url|find-links|file:", LOCK)
