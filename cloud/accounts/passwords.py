"""Argon2id password hashes, made off the event loop."""

import asyncio
import functools
import secrets
import unicodedata

from pwdlib import PasswordHash

# Each hash takes 64 MiB and a core for some 50 ms: a burst of log-ins waits in line.
_CONCURRENT = 2


@functools.cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@functools.cache
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe())


class Passwords:
    """Hashes and checks passwords; at most two at a time, in threads. Belongs to one event loop."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_CONCURRENT)

    async def hash(self, password: str) -> str:
        """A hash to keep. How the keyboard composed the accents does not matter."""
        async with self._turns:
            return await asyncio.to_thread(_hasher().hash, _composed(password))

    async def verify(self, password: str, kept_hash: str | None) -> bool:
        """Whether the password fits. Takes as long for nobody (`kept_hash` None), who has no password."""
        async with self._turns:
            fits = await asyncio.to_thread(_verify, _composed(password), kept_hash)
        return fits and kept_hash is not None


def _verify(password: str, kept_hash: str | None) -> bool:
    return _hasher().verify(password, kept_hash or _nobodys_hash())


def _composed(password: str) -> str:
    return unicodedata.normalize("NFC", password)
