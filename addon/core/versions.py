"""Whether this add-on and the server are near enough to each other."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import fields

OLDEST_SERVER = "0.1.0"
"""The oldest server that this add-on works with."""
MANIFEST = Path(__file__).parent.parent / "blender_manifest.toml"
_NUMBERS = re.compile(r"(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?(?:[-+.].*)?", re.ASCII)


@dataclass(frozen=True)
class ServerVersion:
    """What the server says of itself (`GET /v1/version`): `oldest` and `newest` are add-ons, "" unknown."""

    version: str
    oldest: str
    newest: str

    @classmethod
    def of(cls, value: Any) -> "ServerVersion":
        data = fields.mapping(value, "the version")
        about = data.get("add_on")
        add_on = {} if about is None else fields.mapping(about, "add_on")
        return cls(
            fields.line(data, "version", 40),
            fields.line(add_on, "oldest", 40, ""),
            fields.line(add_on, "newest", 40, ""),
        )


@dataclass(frozen=True)
class Fit:
    """How the two go together: `sentence` is empty where they do; `blocks`: they do not work together."""

    server_version: str
    sentence: str
    blocks: bool


def own_version(manifest: Path = MANIFEST) -> str:
    """The add-on's version, as its manifest says it; "0" where there is none (it was not installed)."""
    try:
        found = tomllib.loads(manifest.read_text(encoding="utf-8")).get("version")
    except (OSError, ValueError):
        return "0"
    return found if isinstance(found, str) else "0"


def fit_of(own: str, server: ServerVersion | None) -> Fit:
    """How the add-on goes with the server; None: the server is too old to say its version."""
    if server is None:
        return Fit(
            "",
            "This server is older than the add-on and does not tell its version; ask its operator to update it.",
            False,
        )
    mine, theirs = numbers_of(own), numbers_of(server.version)
    if theirs is not None and theirs < (numbers_of(OLDEST_SERVER) or theirs):
        return Fit(
            server.version,
            f"The server is version {server.version}, and this add-on needs {OLDEST_SERVER} or newer; ask its operator "
            "to update it, or install the add-on that it offers.",
            True,
        )
    oldest, newest = numbers_of(server.oldest), numbers_of(server.newest)
    if mine is not None and oldest is not None and mine < oldest:
        return Fit(
            server.version,
            f"This add-on is version {own}, and the server needs {server.oldest} or newer; update it in "
            "Preferences > Get Extensions.",
            True,
        )
    if mine is not None and newest is not None and mine < newest:
        sentence = f"Version {server.newest} of the add-on is there; update it in Preferences > Get Extensions."
        return Fit(server.version, sentence, False)
    return Fit(server.version, "", False)


def numbers_of(version: str) -> tuple[int, int, int] | None:
    """`1.2.3-beta` as numbers to compare; None: it is no version."""
    found = _NUMBERS.fullmatch(version)
    if found is None:
        return None
    major, minor, patch = (int(each or 0) for each in found.groups())
    return major, minor, patch
