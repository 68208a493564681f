"""Requests to one server, for one thread: bounded in time and size, never sent on to another address.

But for files: those may lie in a storage of the server's, which is asked for them without the token.

Uses Blender's own `requests`. It reads no `.netrc`, follows no redirect, takes no compressed answer (a small one may
unfold to any size) and trusts the authorities that `requests` trusts: `REQUESTS_CA_BUNDLE` names others.
"""

import contextlib
import http.client
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
import urllib3

from . import wording
from .address import Address, checked_link, checked_proxy
from .connections import LineAdapter
from .lines import Line
from .problems import BadAnswer, NotAllowed, Refused, Stopped, Unreachable

READ_S = 30.0
CONNECT_TIMEOUT_S = 10.0  # of TLS, and of each piece that is sent
CALL_S = 60.0
JSON_LIMIT_BYTES = 8 * 2**20
ERROR_LIMIT_BYTES = 256 * 2**10
PIECE_BYTES = 1 << 16
RETRY_WAITS_S = (0.3, 1.0, 2.5)
_NOT_NOW = frozenset({502, 503, 504})
# All that requests, urllib3 and http.client raise for an address, a connection or an answer that is no good.
BROKEN = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


@dataclass(frozen=True)
class Config:
    """Whom to talk to, and as whom. `client` is `addon/<version>`; `agent` says more, for the server's log."""

    address: Address
    client: str
    agent: str
    proxy: str = field(default="", repr=False)  # it may hold a password
    token: str | None = field(default=None, repr=False)


class SentOn(NotAllowed):
    """The server wants a request to go to another address. Only `open_file` follows, and without the token."""

    def __init__(self, refusal: NotAllowed, location: str) -> None:
        super().__init__(str(refusal))
        self.location = location


class Transport:
    """One thread's connection to the server of `config`.

    All calls raise: Unreachable (no whole answer came), Refused (the server said no), BadAnswer (it is not what it
    should be), NotAllowed (a redirect, a proxy that is none), Stopped (the line was closed).
    """

    def __init__(self, config: Config, line: Line) -> None:
        self.config = config
        self.line = line
        self._session = _session(config, line)
        self._session.headers.update({"X-Prompt2Mesh-Client": config.client, "Accept": "application/json"})
        if config.token is not None:
            self._session.headers["Authorization"] = f"Bearer {config.token}"
        # A session of its own, as `requests` decides by itself what it sends along.
        self._storage = _session(config, line)

    def close(self) -> None:
        """Close all connections. Only by the thread that uses them; others close the line."""
        self._session.close()
        self._storage.close()

    def json(
        self, method: str, path: str, *, again: bool | None = None, limit_s: float = CALL_S, **request: Any
    ) -> Any:
        """The JSON that the server answers with; None for an empty answer.

        `again`: whether the same request may be sent again where no answer comes (by default what only reads).
        """
        repeats = method == "GET" if again is None else again
        waits = iter(RETRY_WAITS_S if repeats else ())
        while True:
            try:
                return self._json_once(method, path, limit_s, request)
            except (Unreachable, Refused) as error:
                passing = error.kind == "again" and (isinstance(error, Unreachable) or error.status in _NOT_NOW)
                wait_s = next(waits, None)
                if not passing or wait_s is None:
                    raise
            self.line.wait(wait_s)

    def make(self, path: str, key: str | None = None, **request: Any) -> Any:
        """POST what makes something: it makes one, however often it has to be sent."""
        headers = {**request.pop("headers", {}), "Idempotency-Key": key or secrets.token_urlsafe(16)}
        return self.json("POST", path, again=True, headers=headers, **request)

    def _json_once(self, method: str, path: str, limit_s: float, request: Mapping[str, Any]) -> Any:
        with self.open(method, path, limit_s=limit_s, **request) as answer:
            body = answer.whole(JSON_LIMIT_BYTES)
        return parsed(body) if body else None

    @contextlib.contextmanager
    def open(
        self, method: str, path: str, *, limit_s: float = CALL_S, read_s: float = READ_S, **request: Any
    ) -> Iterator["Answer"]:
        """The answer to a request, of which only the head has come. `path` begins with `/`."""
        assert path.startswith("/"), path
        with self._errors(), self.line.call(limit_s):
            timeout = (CONNECT_TIMEOUT_S, read_s)
            url = self.config.address.origin + path
            sent = self._session.request(method, url, timeout=timeout, stream=True, allow_redirects=False, **request)
            try:
                answer = Answer(sent, self.line)
                self._demand_success(answer)
                yield answer
            finally:
                sent.close()

    @contextlib.contextmanager
    def open_file(
        self, path: str, headers: Mapping[str, str], *, limit_s: float = CALL_S, read_s: float = READ_S
    ) -> Iterator["Answer"]:
        """The answer to a GET of a file, from the server or from where it keeps files; of it only the head has come."""
        try:
            with self.open("GET", path, limit_s=limit_s, read_s=read_s, headers=headers) as answer:
                yield answer
                return
        except SentOn as sent_on:
            link = checked_link(sent_on.location, self.config.address)
        with self._errors(), self.line.call(limit_s):
            timeout = (CONNECT_TIMEOUT_S, read_s)
            sent = self._storage.get(link, headers=headers, timeout=timeout, stream=True, allow_redirects=False)
            try:
                if sent.status_code not in (200, 206):
                    raise Unreachable(f"The server's storage did not give the file ({sent.status_code}); try again.")
                yield Answer(sent, self.line)
            finally:
                sent.close()

    def _demand_success(self, answer: "Answer") -> None:
        if answer.status == 307 and (location := answer.header("Location")):
            raise SentOn(wording.moved(self.config.address, location), location)
        if 300 <= answer.status < 400 and answer.status != 304:
            raise wording.moved(self.config.address, answer.header("Location"))
        if answer.status < 400:
            return
        try:
            body = parsed(answer.whole(ERROR_LIMIT_BYTES))
        except BadAnswer:
            body = None
        raise wording.refusal(self.config.address, answer.status, answer.reason, body, answer.header("Retry-After"))

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except BROKEN as error:
            if self.line.was_cut:
                raise Stopped from None
            by_proxy = bool(self._session.proxies)
            raise wording.broken(self.config.address, error, late=self.line.late, by_proxy=by_proxy) from error


class Answer:
    """An answer whose body is read piece by piece, as it comes."""

    def __init__(self, response: requests.Response, line: Line) -> None:
        self._response = response
        self._line = line
        self.status = response.status_code
        self.reason = str(response.reason or "")
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise BadAnswer("it is compressed, which was not asked for")
        self.length = _length_of(response)
        self._read: Callable[[int], bytes] = _reader_of(response)

    def header(self, name: str) -> str | None:
        """A header's text; None: it has not come."""
        return self._response.headers.get(name)

    def piece(self) -> bytes:
        """What has come, at most PIECE_BYTES; waits for the first byte. Empty at the end of the body.

        Raises: TimeoutError, Stopped: the line has ended it, which looks like an end.
        """
        piece = self._read(PIECE_BYTES)
        if not piece and self._line.was_cut:
            raise Stopped
        if not piece and self._line.late:
            raise TimeoutError("the answer took too long")
        return piece

    def whole(self, limit_bytes: int) -> bytes:
        """The whole body. Raises: BadAnswer: it is larger. Unreachable: only a part of it came."""
        if self.length is not None and self.length > limit_bytes:
            raise BadAnswer(f"it is larger than {limit_bytes // 2**10} KiB")
        pieces, got = [], 0
        while piece := self.piece():
            pieces.append(piece)
            got += len(piece)
            if got > limit_bytes:
                raise BadAnswer(f"it is larger than {limit_bytes // 2**10} KiB")
        self.demand_whole(got)
        self._response.raw.release_conn()  # urllib3 1.26 does not see that it was read to its end, and would close it
        return b"".join(pieces)

    def demand_whole(self, got_bytes: int) -> None:
        """Raises: Unreachable: less (or more) came than was said."""
        if self.length is not None and got_bytes != self.length:
            raise Unreachable(wording.CUT_SHORT)


def _session(config: Config, line: Line) -> requests.Session:
    """Connections that say who we are and no more."""
    session = requests.Session()
    session.trust_env = False  # no .netrc: it would take the place of the token
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.proxies = _proxies(config)
    session.headers.clear()  # what requests would say of itself
    session.headers.update({"User-Agent": config.agent, "Accept-Encoding": "identity"})
    adapter = LineAdapter(line)
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return session


def parsed(body: bytes) -> Any:
    """The JSON of a body. Raises: BadAnswer: it is none, or one that Python should not read."""
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadAnswer("it is not JSON") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _length_of(response: requests.Response) -> int | None:
    """What the answer says of its length; None: nothing, or it comes in chunks."""
    if "chunked" in response.headers.get("Transfer-Encoding", "").lower():
        return None
    said = response.headers.get("Content-Length")
    if said is None:
        return None
    if not (said.isascii() and said.isdigit() and len(said) < 16):
        raise BadAnswer("its length is no number")
    return int(said)


def _reader_of(response: requests.Response) -> Callable[[int], bytes]:
    """Reads what has come, without waiting for more. `iter_content` waits until a whole piece is there."""
    raw: Any = response.raw
    if hasattr(raw, "read1"):  # urllib3 2.1
        return lambda limit: raw.read1(limit, decode_content=False)
    return raw._fp.read1


def _proxies(config: Config) -> dict[str, str]:
    """The preferences' proxy, else what the environment or the system says, which for this machine is none."""
    if chosen := checked_proxy(config.proxy, config.address):
        return {"http": chosen, "https": chosen}
    if config.proxy.strip() or config.address.is_loopback:
        return {}
    found = requests.utils.get_environ_proxies(config.address.origin)
    return {scheme: url for scheme, url in found.items() if scheme in ("http", "https", "all")}
