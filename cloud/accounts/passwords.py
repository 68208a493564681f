"""Argon2id password hashes, made off the event loop, few at a time, and yielding to everything else."""

import asyncio
import contextlib
import functools
import os
import secrets
import sys
import threading
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from pwdlib import PasswordHash

from cloud.errors import TooManyRequests

# Each hash takes 64 MiB and a core for some 50 ms: a burst of log-ins waits in line, and the line is short.
_CONCURRENT = 2
_PLACES = 16
_BUSY_S = 5.0
_NICENESS = 10


class SignInsBusy(TooManyRequests):
    """More people sign in at once than passwords can be checked."""

    code = "sign_in_busy"

    def __init__(self) -> None:
        super().__init__("Too many people are signing in just now; try again in 5 seconds.", retry_after_s=_BUSY_S)


@functools.cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@functools.cache
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe())


class Passwords:
    """Hashes and checks passwords, two at a time, in threads of its own until `close`. Belongs to one event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_CONCURRENT, thread_name_prefix="passwords", initializer=_step_back)
        self._taken = 0

    def close(self) -> None:
        """Take no more; what is being hashed is finished in the background."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def demand_place(self) -> None:
        """For those who would only be refused later. Raises: SignInsBusy: all places are taken."""
        if self._taken >= _PLACES:
            raise SignInsBusy

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """A place in the line, to be taken before any other work for the password. Raises: SignInsBusy: all are taken.

        So a flood costs neither memory nor the database.
        """
        self.demand_place()
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def hash(self, password: str) -> str:
        """A hash to keep. How the keyboard composed the accents does not matter."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _hash, composed(password))

    async def verify(self, password: str, kept_hash: str | None) -> bool:
        """Whether the password fits. Takes as long for nobody (`kept_hash` None), who has no password."""
        loop = asyncio.get_running_loop()
        fits = await loop.run_in_executor(self._threads, _verify, composed(password), kept_hash)
        return fits and kept_hash is not None


def composed(password: str) -> str:
    """The password in the one form (NFC) in which it is measured and hashed."""
    return unicodedata.normalize("NFC", password)


def _hash(password: str) -> str:
    return _hasher().hash(password)


def _verify(password: str, kept_hash: str | None) -> bool:
    nobodys = _nobodys_hash()  # whoever comes first waits while it is made, with or without an account
    return _hasher().verify(password, kept_hash or nobodys)


def _step_back() -> None:
    """Let the event loop and the database go first: on Linux niceness is a thread's own, and its threads inherit it."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
