"""The session in a cookie: whoever signs in stays so in a new tab and after a reload.

A page cannot set a cookie, for it is drawn over a WebSocket. So a sign-in leaves the token here under a ticket, and
the page's script brings the ticket back in a request (`POST /p2m/session`) whose answer can. No script sees the token.
"""

import datetime as dt
import hashlib
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import Response

_NAME = "p2m_web"
# Browsers take a cookie of this prefix over https alone, for this host alone, and let no subdomain overwrite it.
_HOST = "__Host-"
_TICKET_LASTS = dt.timedelta(minutes=2)
_TICKETS_KEPT = 10_000


@dataclass(frozen=True)
class _Kept:
    token: str
    ends_at: dt.datetime
    redeem_until: dt.datetime


class Tickets:
    """Tokens of sign-ins whose browsers have not fetched their cookie yet. Safe for use by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def issue(self, token: str, ends_at: dt.datetime) -> str:
        """A ticket for the token of a session that ends at `ends_at`. It works once, for two minutes."""
        now = dt.datetime.now(dt.UTC)
        ticket = secrets.token_urlsafe(32)
        with self._lock:
            self._kept = {name: kept for name, kept in self._kept.items() if kept.redeem_until > now}
            while len(self._kept) >= _TICKETS_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[ticket] = _Kept(token, ends_at, now + _TICKET_LASTS)
        return ticket

    def redeem(self, ticket: str) -> tuple[str, dt.datetime] | None:
        """The token and its end; None: no such ticket, or no more."""
        with self._lock:
            kept = self._kept.pop(ticket, None)
        if kept is None or kept.redeem_until <= dt.datetime.now(dt.UTC):
            return None
        return kept.token, kept.ends_at


TICKETS = Tickets()
"""Those of this process: pages and routes share it."""


def token_in(cookies: Mapping[str, str]) -> str | None:
    """The session's token among a browser's cookies. Over https `Guard` has taken out what http may have set."""
    return cookies.get(f"{_HOST}{_NAME}") or cookies.get(_NAME) or None


def fingerprint_of(token: str) -> str:
    """What a page may know of a token, to say which cookie it wants forgotten."""
    return hashlib.sha256(token.encode()).hexdigest()


def without_plain_cookie(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of an https request without the cookie of http: any page of the network could have planted it,
    to have somebody work in an account that is not theirs."""
    kept: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        if name.lower() == b"cookie":
            pairs = [pair for pair in value.split(b";") if pair.partition(b"=")[0].strip() != _NAME.encode()]
            value = b";".join(pairs).strip()
        if name.lower() != b"cookie" or value:
            kept.append((name, value))
    return kept


def set_cookie(request: HTTPConnection, response: Response, token: str, ends_at: dt.datetime) -> None:
    """Give the browser the token until `ends_at`."""
    seconds = max(int((ends_at - dt.datetime.now(dt.UTC)).total_seconds()), 0)
    response.set_cookie(
        _name_for(request),
        token,
        max_age=seconds,
        path="/",
        secure=_is_https(request),
        httponly=True,
        samesite="lax",
    )


def clear_cookie(request: HTTPConnection, response: Response) -> None:
    """Take it back."""
    response.delete_cookie(_name_for(request), path="/", secure=_is_https(request), httponly=True, samesite="lax")


def _name_for(request: HTTPConnection) -> str:
    return f"{_HOST}{_NAME}" if _is_https(request) else _NAME


def _is_https(request: HTTPConnection) -> bool:
    """By the scheme, which a proxy in front tells (uvicorn believes it from loopback and `FORWARDED_ALLOW_IPS`)."""
    return request.url.scheme in {"https", "wss"}
