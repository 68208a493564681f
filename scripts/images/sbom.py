# pyright: reportCallIssue=false, reportAttributeAccessIssue=false, reportArgumentType=false
# What cyclonedx decorates, pyright does not see through.
"""What an image is made of, as CycloneDX 1.6: `python -m scripts.images.sbom IMAGE [FILE]`. No network.

The image itself is asked: Debian's packages from dpkg, Python's from their metadata, and the hash of its configuration.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

_ASK = r"""
import json, subprocess
from importlib import metadata
found = subprocess.run(
    ["dpkg-query", "-W", "-f", "${Package}\t${Version}\t${Architecture}\t${db:Status-Abbrev}\n"],
    check=True, capture_output=True, text=True).stdout
debian = [line.split("\t") for line in found.splitlines()]
python = []
for one in metadata.distributions(path=["/app/venv/lib/python3.11/site-packages"]):
    told = one.metadata
    classes = [c.rpartition(" :: ")[2] for c in told.get_all("Classifier") or () if c.startswith("License ")]
    python.append([told["Name"], one.version, told.get("License-Expression") or "; ".join(classes)])
print(json.dumps({"debian": [d[:3] for d in debian if d[3].startswith("ii")], "python": sorted(python)}))
"""
_LIMIT_S = 180


def contents_of(image: str, engine: str) -> dict[str, Any]:
    """What is in the image: `debian` (name, version, architecture), `python` (name, version, licence), `id`.

    Raises: subprocess.CalledProcessError: there is no such image, or it does not run.
    """
    limits = ["--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096"] if engine == "podman" else []
    quiet = ["--log-driver=k8s-file"] if engine == "podman" else []
    run = [
        engine,
        "run",
        "--rm",
        "--network=none",
        "--read-only",
        "--cap-drop=all",
        "--no-healthcheck",
        *limits,
        *quiet,
    ]
    asked = [*run, "--entrypoint=python3", image, "-c", _ASK]
    said = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=_LIMIT_S).stdout
    known = [engine, "image", "inspect", "--format", "{{.Id}}", image]
    identity = subprocess.run(known, check=True, capture_output=True, text=True, timeout=_LIMIT_S).stdout
    return {**json.loads(said), "id": identity.strip().removeprefix("sha256:")}


def bill_of_materials(image: str, contents: dict[str, Any]) -> str:
    """CycloneDX 1.6, as JSON."""
    name, _, version = image.rpartition("/")[2].partition(":")
    own = Component(
        name=name,
        version=version or None,
        type=ComponentType.CONTAINER,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=contents["id"])],
    )
    bom = Bom()
    bom.metadata.component = own
    parts = [
        Component(
            name=package,
            version=version,
            type=ComponentType.LIBRARY,
            purl=PackageURL("deb", "debian", package, version, {"arch": architecture, "distro": "debian-12"}),
            bom_ref=f"deb:{package}@{version}",
            properties=[Property(name="architecture", value=architecture)],
        )
        for package, version, architecture in contents["debian"]
    ]
    parts += [
        Component(
            name=package,
            version=version,
            type=ComponentType.LIBRARY,
            purl=PackageURL("pypi", name=package.lower(), version=version),
            bom_ref=f"pypi:{package.lower()}@{version}",
            licenses=[DisjunctiveLicense(name=licence)] if licence else [],
        )
        for package, version, licence in contents["python"]
    ]
    for part in parts:
        bom.components.add(part)
    bom.register_dependency(own, parts)
    return JsonV1Dot6(bom).output_as_string(indent=2)


def main(arguments: Sequence[str] | None = None) -> int:
    """See the module. Returns: the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.images.sbom", description=__doc__)
    parser.add_argument("image")
    parser.add_argument("file", type=Path, nargs="?", help="default: standard output")
    parser.add_argument("--engine", default="podman" if shutil.which("podman") else "docker")
    chosen = parser.parse_args(arguments)
    try:
        contents = contents_of(chosen.image, chosen.engine)
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"{chosen.image} cannot be asked what it is made of: {error.stderr.strip()[-400:]}\n")
        return 1
    document = bill_of_materials(chosen.image, contents) + "\n"
    if chosen.file:
        chosen.file.write_text(document)
    else:
        sys.stdout.write(document)
    return 0


if __name__ == "__main__":
    sys.exit(main())
