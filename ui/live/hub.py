"""Who is followed: one `Follower` for a session and a job, however many watch."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable

import httpx2

from ui.live.follower import Follower

# A reload, and the code of a step that is asked for, find what has been read.
LINGER_S = 20.0


class Hub:
    """All followers of the process. On the event loop alone."""

    def __init__(self, http: Callable[[], httpx2.AsyncClient]) -> None:
        self._http = http
        self._followers: dict[tuple[str, str], Follower] = {}
        self.ending = False
        self._ending: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def following(self, token: str, job_id: str) -> AsyncIterator[Follower]:
        """The job's follower, kept for as long as the block lasts and a moment more."""
        key = (hashlib.sha256(token.encode()).hexdigest(), job_id)
        follower = self._followers.get(key)
        if follower is None or follower.gone is not None:
            follower = self._followers[key] = Follower(self._http(), token, job_id)
        follower.watchers += 1
        try:
            yield follower
        finally:
            follower.watchers -= 1
            if follower.watchers == 0:
                asyncio.get_running_loop().call_later(LINGER_S, self._let_go, key, follower)

    def _let_go(self, key: tuple[str, str], follower: Follower) -> None:
        if follower.watchers:
            return
        if self._followers.get(key) is follower:
            del self._followers[key]
        ending = asyncio.create_task(follower.stop(), name=f"end-{key[1]}")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    def end(self) -> None:
        """The server ends: have all streams end, so that browsers come back to the next one."""
        self.ending = True
        for follower in self._followers.values():
            follower.wake()

    async def close(self) -> None:
        """Stop them all."""
        while self._followers:
            _, follower = self._followers.popitem()
            await follower.stop()
