"""How the clients of our API make requests: one place for addresses, time limits, errors, pages and downloads.

It imports neither Streamlit nor `cloud`, so that a command line starts fast and works against any server.
"""

import contextlib
import logging
import secrets
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx2

from ui.api_errors import ApiError, ApiUnreachable, ClientError, raise_for_problem, unreachable
from ui.trace_header import trace_headers

Progress = Callable[[int, int], None]
"""Called with (bytes so far, bytes in all) as a download goes on."""

TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
# uvicorn closes idle connections after 5 s: never pick one up as it does.
LIMITS = httpx2.Limits(keepalive_expiry=4.0)
CHUNK_BYTES = 1 << 18
RETRY_WAITS_S = (0.2, 0.5, 1.0, 2.0)
# Nobody behind the proxy, or no database behind the server.
NOT_NOW = frozenset({502, 503, 504})

log = logging.getLogger(__name__)


class ApiRequests:
    """One user's connection to the API: what the modules with the calls of each resource inherit.

    Safe for use by many threads, except a change of `token`. Every request has time limits and raises ApiError (the
    API said no, with a sentence) or ApiUnreachable (no answer); so does making one: ApiUnreachable where `base_url` is
    no http or https address. `headers` go with every request.
    """

    def __init__(self, base_url: str, token: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        try:
            url = httpx2.URL(self.base_url)
        except httpx2.InvalidURL:
            url = httpx2.URL()
        if url.scheme not in {"http", "https"} or not url.host:
            raise ApiUnreachable(f"{base_url!r} is not the address of a server; give one like http://127.0.0.1:8000.")
        self._http = httpx2.Client(
            base_url=url,
            timeout=TIMEOUT,
            limits=LIMITS,
            headers={"User-Agent": "prompt2mesh-client", **(headers or {})},
            # Loading the certificates takes 0.17 s; without TLS a context that trusts nobody will do.
            verify=True if url.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            trust_env=url.host not in {"127.0.0.1", "::1", "localhost"},  # no proxy between us and ourselves
        )
        self._token: str | None = None
        self.token = token

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    @property
    def token(self) -> str | None:
        """The session's token; None while nobody is signed in."""
        return self._token

    @token.setter
    def token(self, token: str | None) -> None:
        self._token = token
        if token is None:
            self._http.headers.pop("Authorization", None)
        else:
            self._http.headers["Authorization"] = f"Bearer {token}"

    def _send(self, method: str, path: str, **request: Any) -> httpx2.Response:
        ids = {"X-Request-Id": secrets.token_hex(16), **trace_headers()}
        with self._errors():
            response = self._http.request(method, path, headers={**request.pop("headers", {}), **ids}, **request)
        try:
            raise_for_problem(response)
        except ApiError as error:
            facts = {"request_id": ids["X-Request-Id"], "status": error.status, "code": error.code}
            log.log(logging.WARNING if error.status >= 500 else logging.DEBUG, "the API refused", extra=facts)
            raise
        return response

    def _json(self, method: str, path: str, **request: Any) -> Any:
        response = self._send(method, path, **request)
        try:
            return response.json()
        except ValueError:
            raise ApiError(response.status_code, "not_json", f"{self.base_url} is not a Prompt2Mesh server.") from None

    def _make(self, path: str, *, key: str | None = None, **request: Any) -> Any:
        """POST what makes something, with an Idempotency-Key (`key`, or a new one): so it may be sent again.

        It is, for some seconds, while no answer comes or the server says that it cannot just now.
        """
        headers = {**request.pop("headers", {}), "Idempotency-Key": key or secrets.token_urlsafe(16)}
        for wait_s in RETRY_WAITS_S:
            try:
                return self._json("POST", path, headers=headers, **request)
            except ClientError as error:
                if isinstance(error, ApiError) and error.status not in NOT_NOW:
                    raise
            time.sleep(wait_s)
        return self._json("POST", path, headers=headers, **request)

    def _pages(self, path: str, params: dict[str, str] | None = None) -> Iterator[Any]:
        asked = dict(params or {})
        while True:
            page = self._json("GET", path, params=asked)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            asked["cursor"] = page["next_cursor"]

    def _download(
        self, path: str, to: Path, progress: Progress | None, method: str = "GET", timeout: httpx2.Timeout = TIMEOUT
    ) -> int:
        """Stream what is at `path` to `to`, which appears only when it is whole. Returns: its bytes.

        Raises also: OSError.
        """
        with self._errors(), self._file(method, path, timeout) as response:
            if response.is_error:
                response.read()
                raise_for_problem(response)
            total = int(response.headers.get("Content-Length", 0))
            partial = to.with_name(f".{to.name[:100]}.{secrets.token_hex(4)}.part")
            try:
                with partial.open("xb") as file:
                    for chunk in response.iter_bytes(CHUNK_BYTES):
                        file.write(chunk)
                        if progress is not None:
                            progress(file.tell(), total)
                    done = file.tell()
                partial.replace(to)
            finally:
                partial.unlink(missing_ok=True)
        return done

    def _read(self, path: str) -> bytes:
        """What is at `path`, whole, in memory."""
        # As a page's own script would ask: the answer comes from the API itself, as we may reach nobody else.
        return self._send("GET", path, headers={"Sec-Fetch-Mode": "same-origin"}).content

    @contextlib.contextmanager
    def _file(self, method: str, path: str, timeout: httpx2.Timeout) -> Iterator[httpx2.Response]:
        """The answer, from the API or from the storage that it sends us on to, which is not told who we are."""
        with self._http.stream(method, path, timeout=timeout) as response:
            link = response.headers.get("Location") if response.status_code == 307 else None
            if link is None:
                yield response
                return
        url = httpx2.URL(link)
        if url.scheme != "https" and self._http.base_url.scheme == "https":
            raise ApiError(502, "unsafe_link", f"{self.base_url} sends the download on to an address without TLS.")
        here = url.host in {"127.0.0.1", "::1", "localhost"}
        with (
            httpx2.Client(timeout=timeout, trust_env=not here) as storage,
            storage.stream("GET", link, headers={"Accept-Encoding": "identity"}) as response,
        ):
            yield response

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except httpx2.RequestError as error:
            raise unreachable(self.base_url, error) from error


def path_of(*parts: str) -> str:
    """The address of a resource below `/v1`."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)
