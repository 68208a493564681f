"""How we speak to the provider: with time limits, no redirects, and no more bytes than an answer can need."""

import ssl
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

import httpx2

from cloud.accounts.oidc.addresses import is_loopback

CALL_LIMIT_S = 15.0
"""A whole call; the parts of one have limits of their own, which a server that drips would stay within."""
_TIMEOUT = httpx2.Timeout(10.0, connect=5.0)
_ANSWER_LIMIT_BYTES = 1 << 20


class AnswerRefused(httpx2.TransportError):
    """An answer that no provider gives: endless, or compressed, and nobody asked for that."""


class _Capped(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for chunk in self._stream:
            seen += len(chunk)
            if seen > _ANSWER_LIMIT_BYTES:
                raise AnswerRefused(f"the answer has more than {_ANSWER_LIMIT_BYTES} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _cap(response: httpx2.Response) -> None:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise AnswerRefused("the answer is compressed")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Capped(response.stream)


@cache
def _trust(is_local: bool) -> ssl.SSLContext:
    """Whom we believe over TLS; made once, as loading the certificates takes 0.17 s. Nobody, where none is spoken."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if is_local else httpx2.create_ssl_context()


def client_options(issuer: str) -> dict[str, Any]:
    """How a client of httpx is made that asks this provider."""
    is_local = issuer.startswith("http:")
    return {
        "verify": _trust(is_local),
        "timeout": _TIMEOUT,
        "follow_redirects": False,
        "headers": {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "prompt2mesh"},
        "event_hooks": {"response": [_cap]},
        "trust_env": not is_loopback(issuer),  # no proxy between us and ourselves
    }
