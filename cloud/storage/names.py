"""What objects are called in the store, and what is told of them.

`<first two digits>/<sha256>`: an object in its place. `aside/<sha256>/<seconds since 1970>`: set aside by a clean-up
at that time. `probe`: written to see that the store takes writes. A bucket may hold others beside: they are not ours.
"""

import datetime as dt
import re
from typing import NamedTuple

from cloud.storage.faults import ArtifactMissing

PROBE = "probe"
ASIDE = "aside"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ASIDE_KEY = re.compile(rf"{ASIDE}/([0-9a-f]{{64}})/([0-9]{{1,11}})")


class Listed(NamedTuple):
    """An object as the store lists it. `moved_at` is when it was last written, or when it was set aside."""

    sha256: str
    bytes: int
    moved_at: dt.datetime


class Stored(NamedTuple):
    """What was put: the name and the size of its content."""

    sha256: str
    bytes: int


def key_of(sha256: str) -> str:
    """Where an object lies. Raises: ArtifactMissing: no object is called so."""
    if not _SHA256.fullmatch(sha256):
        raise ArtifactMissing(sha256)
    return f"{sha256[:2]}/{sha256}"


def hash_in(key: str) -> str | None:
    """The hash of an object in its place; None: it is not one of ours."""
    folder, _, name = key.partition("/")
    is_ours = len(folder) == 2 and name.startswith(folder) and _SHA256.fullmatch(name)
    return name if is_ours else None


def aside_key(sha256: str, at: dt.datetime) -> str:
    """Where an object lies that was set aside at that time, to the second."""
    return f"{ASIDE}/{key_of(sha256)[3:]}/{int(at.timestamp())}"


def set_aside_in(key: str) -> tuple[str, dt.datetime] | None:
    """The hash of an object that was set aside, and when that was; None: it is none."""
    match = _ASIDE_KEY.fullmatch(key)
    return (match[1], dt.datetime.fromtimestamp(int(match[2]), dt.UTC)) if match else None
