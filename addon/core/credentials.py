"""Who the user is on which server: one token for each, in a file that nobody else can read.

The file is `credentials.json` in the add-on's folder of Blender's user configuration; nothing of it is ever in the
preferences, a scene or a `.blend`.
"""

import contextlib
import json
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .address import Address
from .problems import CoreError, NotAllowed

FILE_NAME = "credentials.json"
FILE_LIMIT_BYTES = 1 << 20
_TOKEN = re.compile(r"p2m_(ses|pat)_[0-9A-Za-z_-]{20,200}", re.ASCII)


class CredentialsLost(CoreError):
    """The file cannot be read or written."""

    code = "credentials"


@dataclass(frozen=True)
class Credential:
    """A token for one server. `by_token`: the user gave it; else it came with a code."""

    token: str = field(repr=False)
    by_token: bool = False


class Credentials:
    """The file. One thread at a time."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def find(self, server: Address) -> Credential | None:
        """Who we are there. A file that cannot be understood is as none. Raises: CredentialsLost."""
        entry = self._read().get(server.origin)
        if not isinstance(entry, dict) or not is_token(entry.get("token")):
            return None
        return Credential(entry["token"], entry.get("by_token") is True)

    def keep(self, server: Address, credential: Credential) -> None:
        """Be this one there from now on. Raises: CredentialsLost."""
        kept = {"token": credential.token, "by_token": credential.by_token}
        self._write({**self._read(), server.origin: kept})

    def forget(self, server: Address, token: str | None = None) -> None:
        """Be nobody there; with `token` only if it is still this one. Raises: CredentialsLost."""
        entries = self._read()
        entry = entries.get(server.origin)
        if entry is None or (token is not None and isinstance(entry, dict) and entry.get("token") != token):
            return
        del entries[server.origin]
        self._write(entries)

    def _read(self) -> dict[str, Any]:
        try:
            if self._path.stat().st_size > FILE_LIMIT_BYTES:
                return {}
            kept = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise CredentialsLost(_sentence("read", error)) from error
        except (ValueError, RecursionError):
            return {}
        servers = kept.get("servers") if isinstance(kept, dict) else None
        return servers if isinstance(servers, dict) else {}

    def _write(self, servers: dict[str, Any]) -> None:
        """The whole file at once, so that Blender's end in the middle loses nothing."""
        partial = self._path.with_name(f".{FILE_NAME}.{secrets.token_hex(4)}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(json.dumps({"servers": servers}, indent=1).encode())
                    file.flush()
                    os.fsync(file.fileno())
                partial.replace(self._path)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    partial.unlink()
        except OSError as error:
            raise CredentialsLost(_sentence("kept", error)) from error


def is_token(value: Any) -> bool:
    """Whether it has the form of a session's token or of an API token."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def checked_token(typed: str) -> str:
    """A token as the user pasted it. Raises: NotAllowed: it is none."""
    token = "".join(typed.split())
    if not is_token(token):
        raise NotAllowed("This is no token; paste one that begins with p2m_pat_, from your account page.")
    return token


def _sentence(done: str, error: OSError) -> str:
    why = error.strerror or type(error).__name__
    return f"Your sign-in cannot be {done} ({why}); check that Blender's user configuration folder is writable."
