"""Requests of people who are not signed in yet wait in a line of their own, and a long line is no longer joined.

Without it, thousands of log-ins that arrive at once are all begun in one turn of the event loop, and everybody else's
requests wait for that turn's end. A request is told by how its first bytes begin, before any of it is parsed.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable

from cloud.api.headers import HEADERS

PREFIXES = (b"POST /v1/sessions", b"POST /v1/users", b"POST /v1/password-resets")
_PLACES = 256
_IN_ONE_TURN = 2
_WAIT_S = 5

_PROBLEM = json.dumps(
    {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": f"Too many people are signing in just now; try again in {_WAIT_S} seconds.",
        "code": "sign_in_busy",
    },
    separators=(",", ":"),
)
REFUSAL = (
    "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/problem+json\r\n"
    + "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    + f"Retry-After: {_WAIT_S}\r\nContent-Length: {len(_PROBLEM)}\r\nConnection: close\r\n\r\n{_PROBLEM}"
).encode()
"""The whole answer to who finds the line too long; ready made, for it is sent by the thousand."""


class SignInLine:
    """Lets some of those who wait in at each turn of the event loop. Belongs to one loop."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def join(self, begin: Callable[[], None]) -> bool:
        """Call `begin` when it is its turn. Returns: False: the line is too long."""
        if len(self._waiting) >= _PLACES:
            return False
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._let_in)
        self._waiting.append(begin)
        return True

    def _let_in(self) -> None:
        for _ in range(min(_IN_ONE_TURN, len(self._waiting))):
            self._waiting.popleft()()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._let_in)
