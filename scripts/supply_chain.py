# pyright: reportCallIssue=false, reportAttributeAccessIssue=false, reportArgumentType=false
# What cyclonedx decorates, pyright does not see through.
"""What Prompt2Mesh is made of: `scripts/audit` judges it, `scripts/sbom` writes it down.

`python scripts/supply_chain.py audit` ends with 1 if a package is not pinned with hashes, has a licence that is not
expected, or has a known hole. `… sbom [FILE]` writes a CycloneDX document.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
_AUDIT_LIMIT_S = 300
_PINNED = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)(?:[ \t]*;[^\\]*)?\s*\\")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_FREE = re.compile(r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Mozilla|MPL|0BSD|Unlicense|Zlib", re.IGNORECASE)
# Of others than the free ones above: each was looked at.
_EXPECTED = {
    "bpy": "GPL",  # runs in the pod alone, as a process of its own; the rest of the code talks to it over HTTP
    "psycopg": "LGPL",
    "psycopg-binary": "LGPL",
    "psycopg-pool": "LGPL",
}


@dataclass(frozen=True)
class Package:
    """A line of the lock."""

    name: str
    version: str
    hashes: tuple[str, ...]

    @property
    def licence(self) -> str | None:
        """What the installed package says; None: it is not installed here, or says nothing."""
        try:
            told = metadata.metadata(self.name)
        except metadata.PackageNotFoundError:
            return None
        classes = [one.rpartition(" :: ")[2] for one in told.get_all("Classifier") or () if one.startswith("License ")]
        free_text = (told.get("License") or "").strip().splitlines()
        return told.get("License-Expression") or "; ".join(classes) or (free_text[0][:80] if free_text else None)


def read_lock(text: str) -> list[Package]:
    """The packages of a lock. Raises: ValueError: a line that is none, without a hash, or with an address."""
    packages = []
    for block in re.split(r"\n(?=\S)", text.strip()):
        found, hashes = _PINNED.match(block), tuple(_HASH.findall(block))
        if found is None or not hashes or "://" in block:
            raise ValueError(f"the lock pins no version with hashes here: {block.splitlines()[0][:100]!r}")
        packages.append(Package(found[1].lower(), found[2], hashes))
    return packages


def unexpected_licences(packages: Sequence[Package]) -> Iterator[str]:
    """A sentence for each package whose licence nobody has said yes to."""
    for package in packages:
        licence = package.licence
        if licence is None:
            continue  # for another system or Python
        expected = _EXPECTED.get(package.name)
        is_copyleft = re.search(r"GPL|Affero|SSPL|Commons Clause", licence, re.IGNORECASE) is not None
        if expected is not None and expected in licence:
            continue
        if is_copyleft or not _FREE.search(licence):
            yield f"{package.name} {package.version} has the licence {licence!r}, which is not among the expected."


def known_holes() -> tuple[list[str], str]:
    """What the advisory database has against the lock, one sentence each; and why it could not be asked, if so."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--no-deps", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=_AUDIT_LIMIT_S, check=False)
        found: dict[str, Any] = json.loads(asked.stdout)
    except subprocess.TimeoutExpired:
        return [], "it did not answer in time"
    except ValueError:
        return [], "it could not be reached"
    holes = [
        f"{one['name']} {one['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no version'}."
        for one in found["dependencies"]
        for hole in one.get("vulns", [])
    ]
    unknown = [one["name"] for one in found["dependencies"] if "skip_reason" in one]
    return holes, f"it does not know {len(unknown)} of {len(found['dependencies'])} packages" if unknown else ""


def bill_of_materials(packages: Sequence[Package]) -> str:
    """CycloneDX 1.6, as JSON."""
    bom, own = Bom(), Component(name="prompt2mesh", type=ComponentType.APPLICATION)
    bom.metadata.component = own
    for package in packages:
        licence = package.licence
        part = Component(
            name=package.name,
            version=package.version,
            type=ComponentType.LIBRARY,
            purl=PackageURL("pypi", name=package.name, version=package.version),
            bom_ref=f"pypi:{package.name}@{package.version}",
            properties=[Property(name="sha256", value=one) for one in package.hashes],
            licenses=[DisjunctiveLicense(name=licence)] if licence else [],
        )
        bom.components.add(part)
        bom.register_dependency(own, [part])
    return JsonV1Dot6(bom).output_as_string(indent=2)


def main(arguments: Sequence[str]) -> int:
    """See the module."""
    packages = read_lock(LOCK.read_text())
    if arguments[:1] == ["sbom"]:
        document = bill_of_materials(packages)
        if arguments[1:]:
            Path(arguments[1]).write_text(document + "\n")
        else:
            sys.stdout.write(document + "\n")
        return 0
    wrong = list(unexpected_licences(packages))
    holes, unasked = known_holes()
    print(f"{len(packages)} packages are pinned with hashes, and the lock names no address.")
    for sentence in (*wrong, *holes):
        print(sentence)
    if unasked:
        print(f"Could not ask the advisory database for all: {unasked}. Known holes were not looked for there.")
    print(f"{len(wrong)} unexpected licences, {len(holes)} known holes.")
    return 1 if wrong or holes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
