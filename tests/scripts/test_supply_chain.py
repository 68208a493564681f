"""The audit of what we are made of."""

import json
import subprocess

import pytest

from scripts import supply_chain
from scripts.supply_chain import LOCK, Package, bill_of_materials, read_lock, unexpected_licences

PACKAGES = read_lock(LOCK.read_text())


def test_every_package_is_in_the_bill_of_materials() -> None:
    bill = json.loads(bill_of_materials(PACKAGES))

    assert bill["bomFormat"] == "CycloneDX"
    assert {(one["name"], one["version"]) for one in bill["components"]} == {
        (package.name, package.version) for package in PACKAGES
    }


def test_all_licences_are_expected() -> None:
    assert list(unexpected_licences(PACKAGES)) == []
    assert next(package for package in PACKAGES if package.name == "bpy").licence == "GPL-3.0"


@pytest.mark.parametrize("licence", ["GPL-3.0", "GNU AGPL", "Proprietary", "SSPL-1.0"])
def test_another_licence_is_told(monkeypatch: pytest.MonkeyPatch, licence: str) -> None:
    monkeypatch.setattr(Package, "licence", property(lambda _package: licence))

    assert "anyio" in next(unexpected_licences([Package("anyio", "1", ())]))


@pytest.mark.parametrize(
    "line",
    ["anyio==1", "anyio @ file://x.whl \\\n  --hash=sha256:" + "0" * 64, "anyio>=1 \\\n  --hash=sha256:0"],
)
def test_a_lock_with_holes_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="no version with hashes"):
        read_lock(line)


def _answers(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, said, ""))


def test_a_known_hole_fails_the_audit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    hole = {"id": "PYSEC-1", "fix_versions": ["2"]}
    _answers(monkeypatch, json.dumps({"dependencies": [{"name": "anyio", "version": "1", "vulns": [hole]}]}))

    assert supply_chain.main(["audit"]) == 1
    assert "anyio 1: PYSEC-1, mended in 2." in capsys.readouterr().out


def test_without_a_network_the_audit_says_so_and_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _answers(monkeypatch, "")

    assert supply_chain.main(["audit"]) == 0
    assert "Could not ask the advisory database for all: it could not be reached" in capsys.readouterr().out
