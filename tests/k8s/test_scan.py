"""A policy scan of what the overlays build to: no finding that scan_skips.toml does not explain.

checkov is installed into a venv of its own (it pins what we use in other versions), kept below the user's cache.
"""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.k8s.manifests import OVERLAYS, Manifests

_VERSION = "3.3.30"
_SKIPS = tomllib.loads((Path(__file__).parent / "scan_skips.toml").read_text())

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="session")
def checkov() -> Path:
    """The program; installed on first use, which takes two minutes and 600 MB."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "prompt2mesh"
    folder = cache / f"checkov-{_VERSION}"
    program = folder / "bin" / "checkov"
    if not program.is_file():
        sys.stderr.write(f"installing checkov {_VERSION} into {folder}\n")
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=300)
        install = [str(folder / "bin" / "pip"), "install", "--quiet", f"checkov=={_VERSION}"]
        done = subprocess.run(install, capture_output=True, text=True, timeout=1800, check=False)
        assert done.returncode == 0, f"checkov cannot be installed from PyPI: {done.stderr[-500:]}"
    return program


@pytest.fixture(scope="session")
def findings(
    checkov: Path, built: Callable[[str], Manifests], tmp_path_factory: pytest.TempPathFactory
) -> set[tuple[str, str, str]]:
    """(check's id, its words, Kind/name) of what it finds in any overlay."""
    folder = tmp_path_factory.mktemp("scan")
    for name in OVERLAYS:
        (folder / f"{name}.yaml").write_text(built(name).text)
    return _scan(checkov, folder)


def _scan(checkov: Path, folder: Path) -> set[tuple[str, str, str]]:
    command = [
        str(checkov),
        "--skip-download",
        "--framework",
        "kubernetes",
        "-d",
        str(folder),
        "-o",
        "json",
        "--compact",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 0, done.stderr
    return {
        (each["check_id"], each["check_name"], _object(each["resource"])) for each in report["results"]["failed_checks"]
    }


def _object(resource: str) -> str:
    """`Deployment.prompt2mesh.api` as Deployment/api; a migration's name ends in its tag."""
    kind, _, name = resource.split(".", 2)
    return f"{kind}/{'migrate' if name.startswith('migrate-') else name}"


def test_every_finding_is_explained(findings: set[tuple[str, str, str]]) -> None:
    unexplained = [
        each for each in findings if each[2] not in _SKIPS.get(each[0], {"objects": []}).get("objects", [each[2]])
    ]

    assert unexplained == []


def test_every_explanation_is_still_needed(findings: set[tuple[str, str, str]]) -> None:
    found = {(check, name) for check, _, name in findings}
    for check, skip in _SKIPS.items():
        assert len(skip["reason"]) > 40
        for name in skip.get("objects", []):
            assert (check, name) in found, f"{check} is not found at {name} any more"
        assert any(check == each for each, _ in found)


def test_the_scan_sees_a_container_that_is_not_restricted(checkov: Path, local: Manifests, tmp_path: Path) -> None:
    (tmp_path / "weak.yaml").write_text(
        local.text.replace("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")
    )

    found = {check for check, _, _ in _scan(checkov, tmp_path)}

    assert "CKV_K8S_22" in found
