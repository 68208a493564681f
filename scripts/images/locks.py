"""The locks of the container images: `python -m scripts.images.locks [--check]`.

`k8s/images/NAME.in` lists what an image imports (`-name`: what it goes without though another package asks for it);
`NAME.lock` is that and all it needs, every version and hash as `requirements.lock` has it. No resolver is asked: what a
package needs is read from the installed one, which is the lock's own, so it takes a tenth of a second and no network.
`--check` writes nothing and ends with 1 if one is stale.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence, Set
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "k8s" / "images"
IMAGES = ("api", "ui", "blender")
_BLOCK = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)")


class LockImpossible(Exception):
    """An image's list asks for what the main lock does not hold."""


def wanted_of(text: str) -> tuple[list[Requirement], set[str]]:
    """What a `.in` file wants, and the normal names of what it leaves out (`-name`) though others ask for it."""
    lines = [line for line in (line.split("#", 1)[0].strip() for line in text.splitlines()) if line]
    left_out = {str(canonicalize_name(line[1:])) for line in lines if line.startswith("-")}
    return [Requirement(line) for line in lines if not line.startswith("-")], left_out


def blocks_of(lock: str) -> dict[str, str]:
    """Each package's lines in a lock, by its normal name."""
    blocks = {}
    for block in re.split(r"\n(?=[^\s#])", lock.strip()):
        if found := _BLOCK.match(block):
            blocks[str(canonicalize_name(found[1]))] = block.rstrip()
    return blocks


def needs_of(wanted: Sequence[Requirement], left_out: Set[str] = frozenset()) -> set[str]:
    """The normal names of `wanted` and of all that they need here, without `left_out` and what that alone needs.

    Raises: LockImpossible: one is not installed.
    """
    seen: set[tuple[str, str]] = set()
    ahead = [(str(canonicalize_name(one.name)), extra) for one in wanted for extra in ("", *sorted(one.extras))]
    while ahead:
        name, extra = here = ahead.pop()
        if here in seen or name in left_out:
            continue
        seen.add(here)
        ahead += _required_by(name, extra)
    return {name for name, _ in seen}


def _required_by(name: str, extra: str) -> Iterator[tuple[str, str]]:
    try:
        lines = metadata.requires(name) or ()
    except metadata.PackageNotFoundError:
        raise LockImpossible(f"{name} is not installed: put it into pyproject.toml and run ./scripts/setup") from None
    for needed in map(Requirement, lines):
        if needed.marker is None or needed.marker.evaluate({"extra": extra}):
            for further in ("", *sorted(needed.extras)):
                yield str(canonicalize_name(needed.name)), further


def lock_of(image: str) -> str:
    """What `k8s/images/<image>.lock` must hold. Raises: LockImpossible."""
    blocks = blocks_of((ROOT / "requirements.lock").read_text())
    needed = needs_of(*wanted_of((FOLDER / f"{image}.in").read_text()))
    if unknown := sorted(needed - blocks.keys()):
        raise LockImpossible(f"requirements.lock does not hold {', '.join(unknown)}, which {image}.in needs")
    for name in sorted(needed):
        found = _BLOCK.match(blocks[name])
        installed = metadata.version(name)
        if found is None or found[2] != installed:
            raise LockImpossible(f"{name} {installed} is installed, not the lock's: run ./scripts/setup")
    return "\n".join(blocks[name] for name in sorted(needed)) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """See the module. Returns: the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.images.locks", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if a lock is stale")
    check = parser.parse_args(arguments).check
    try:
        locks = {FOLDER / f"{image}.lock": lock_of(image) for image in IMAGES}
    except LockImpossible as error:
        sys.stderr.write(f"The images' locks cannot be made: {error}.\n")
        return 1
    stale = [path for path, text in locks.items() if not path.is_file() or path.read_text() != text]
    for path in stale:
        if check:
            print(f"k8s/images/{path.name} is stale: run ./scripts/lock")
        else:
            path.write_text(locks[path])
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
