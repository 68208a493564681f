"""What every Dockerfile of ours holds to: a small image that nobody can change, and a process that hears signals."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "k8s/images").glob("*.Dockerfile"))


def instructions(path: Path) -> list[tuple[str, str]]:
    """Each instruction with its words, lines joined, comments left out."""
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    text = "\n".join(lines).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def last_stage(path: Path) -> list[tuple[str, str]]:
    found = instructions(path)
    start = max(number for number, (word, _) in enumerate(found) if word == "FROM")
    return found[start:]


def test_there_are_three_images() -> None:
    assert [path.name for path in FILES] == ["api.Dockerfile", "blender.Dockerfile", "ui.Dockerfile"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_stage_stands_on_the_one_base(path: Path) -> None:
    found = instructions(path)
    stages = {rest.split(" AS ")[1] for word, rest in found if word == "FROM" and " AS " in rest}
    bases = {rest.split(" AS ")[0] for word, rest in found if word == "FROM"}
    assert bases <= {"${BASE}", *stages}
    assert ("ARG", "BASE=docker.io/library/debian:bookworm-slim") in found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_process_is_a_numbered_user_and_hears_signals(path: Path) -> None:
    words = dict(last_stage(path))
    assert words["USER"] == "10001:10001"
    assert json.loads(words["CMD"])[0] == "python"
    assert "CMD [" in words["HEALTHCHECK"]
    assert "ENTRYPOINT" not in words


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_fetched_but_by_hash_or_from_debian(path: Path) -> None:
    found = instructions(path)
    assert not [word for word, _ in found if word == "ADD"]
    runs = [rest for word, rest in found if word == "RUN"]
    assert not [run for run in runs if re.search(r"\b(curl|wget|git clone|npm)\b", run)]
    installs = [run for run in runs if "bin/pip " in run]
    assert installs
    assert all("--require-hashes" in run and "--no-deps" in run for run in installs)
    for run in runs:
        if "apt-get install" in run:
            assert "--no-install-recommends" in run
            assert "rm -rf /var/lib/apt/lists/*" in run


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_last_stage_says_what_it_is_and_has_no_tools_of_the_build(path: Path) -> None:
    text = " ".join(rest for _, rest in last_stage(path))
    for label in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in text
    assert not re.search(r"python3-venv|python3-pip|gcc|build-essential", text)


def test_the_context_is_a_list_of_what_may_enter() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert {line for line in lines if line.startswith("!")} == {
        "!LICENSE",
        "!addon/dist/*.zip",
        "!cloud",
        "!k8s/images",
        "!ui",
    }
