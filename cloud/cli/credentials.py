"""Who the command line is on which server: one entry for each, in the user's own config folder, for nobody else.

The file is `servers.json` in `$XDG_CONFIG_HOME/prompt2mesh` (`~/.config/prompt2mesh`), mode 0600.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from cloud.errors import InvalidInput

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Credential:
    """A session on one server. Its `repr` tells no token."""

    username: str
    token: str

    def __repr__(self) -> str:
        return f"Credential(username={self.username!r})"


class _Entry(BaseModel):
    username: str
    token: str


class _Kept(BaseModel):
    servers: dict[str, _Entry]


def find(server: str) -> Credential | None:
    """Who we are on the server. Raises: InvalidInput: the file cannot be used."""
    entry = _read().get(canonical(server))
    return Credential(**entry) if entry else None


def keep(server: str, credential: Credential) -> None:
    """Be this user on the server from now on. Raises: InvalidInput. OSError: the folder cannot be written."""
    _write({**_read(), canonical(server): asdict(credential)})


def forget(server: str) -> None:
    """Be nobody on the server. Raises: InvalidInput. OSError: the folder cannot be written."""
    entries = _read()
    if entries.pop(canonical(server), None) is not None:
        _write(entries)


def canonical(server: str) -> str:
    """One way to write the server's address, so that a token goes to no other. Raises: InvalidInput: it is none."""
    try:
        parts = urlsplit(server.strip())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise InvalidInput(f"{server!r} is not the address of a server; give one like https://mesh.example.org.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    named = f":{port}" if port and port != _DEFAULT_PORTS[parts.scheme] else ""
    return f"{parts.scheme}://{host}{named}{parts.path.rstrip('/')}"


def is_in_the_clear(server: str) -> bool:
    """Whether what is sent to the server (a canonical address) goes over a network, and unencrypted."""
    parts = urlsplit(server)
    return parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1")


def file() -> Path:
    """Where the entries are."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(base) if os.path.isabs(base) else Path.home() / ".config"
    return folder / "prompt2mesh" / "servers.json"


def _read() -> dict[str, Any]:
    path = file()
    try:
        return _Kept.model_validate_json(path.read_bytes()).model_dump()["servers"]
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError):
        said = f"The file {str(path)!r} cannot be read; mend it, or delete it and sign in again."
        raise InvalidInput(said) from None


def _write(entries: dict[str, Any]) -> None:
    """The file is whole at any time, and nobody else's at any time."""
    path = file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
            json.dump({"servers": entries}, opened, indent=2)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
