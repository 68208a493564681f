"""A job's live events over SSE, through broken connections."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator

import httpx2

from ui.api_errors import ApiError, ApiUnreachable, raise_for_problem, unreachable
from ui.api_types import JobEvent

# The API sends a comment every 15 s, so silence of three times that means a dead connection.
SILENCE_S = 45.0
RETRY_DELAYS_S = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
# A connection that lasted this long was sound, even if it brought nothing new.
SOUND_AFTER_S = 30.0


class EventStream:
    """A job's events in order, each once, over as many connections as it takes; ends after `job.finished`.

    Iterate it once, in one thread. `close` may be called from any thread and ends the iteration at once.
    Raises while iterating: ApiError: the job is not there or not ours. ApiUnreachable: the connection broke and
    could not be had again within `sum(retry_delays_s)`.
    """

    def __init__(
        self, http: httpx2.Client, path: str, after: int = 0, retry_delays_s: tuple[float, ...] = RETRY_DELAYS_S
    ) -> None:
        self._http = http
        self._path = path
        self._after = after
        self._retry_delays_s = retry_delays_s
        self._finished = False
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def __iter__(self) -> Iterator[JobEvent]:
        failures = 0
        while not self._closed.is_set():
            last_seen, began = self._after, time.monotonic()
            lost = self._lost()
            try:
                yield from self._read_one_connection()
            except httpx2.RequestError as error:
                lost = unreachable(str(self._http.base_url).rstrip("/"), error)
            except ApiError as error:
                if not error.retryable:
                    raise
                lost = error
            if self._finished:
                return
            sound = self._after > last_seen or time.monotonic() - began > SOUND_AFTER_S
            failures = 1 if sound else failures + 1
            if failures > len(self._retry_delays_s):
                raise lost
            self._closed.wait(self._retry_delays_s[failures - 1])

    def close(self) -> None:
        """End the iteration, now, from any thread. Twice is once."""
        self._closed.set()
        with self._lock, contextlib.suppress(OSError):  # the peer may have closed it first
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)

    def _read_one_connection(self) -> Iterator[JobEvent]:
        headers = {"Last-Event-ID": str(self._after)} if self._after else {}
        timeout = httpx2.Timeout(10.0, read=SILENCE_S)
        with self._http.sse(self._path, headers=headers, timeout=timeout) as source:
            if source.response.is_error:
                source.response.read()
                raise_for_problem(source.response)
            with self._closable(source.response):
                for sent in source:
                    if self._closed.is_set():
                        return
                    event = _parse(sent)
                    if event is None or event.seq <= self._after:
                        continue
                    self._after = event.seq
                    self._finished = event.type == "job.finished"
                    yield event
                    if self._finished:
                        return

    @contextlib.contextmanager
    def _closable(self, response: httpx2.Response) -> Iterator[None]:
        """Lets `close` reach the socket that this thread is reading from."""
        with self._lock:
            self._socket = response.extensions["network_stream"].get_extra_info("socket")
        try:
            yield
        finally:
            with self._lock:
                self._socket = None

    def _lost(self) -> ApiUnreachable | ApiError:
        site = str(self._http.base_url).rstrip("/")
        return ApiUnreachable(f"The server at {site} keeps ending the job's event stream; try again in a moment.")


def _parse(sent: httpx2.ServerSentEvent) -> JobEvent | None:
    """None for what is no job event (no number). Raises: ApiError: a number, but no JSON object with it."""
    if not sent.id.isascii() or not sent.id.isdigit():
        return None
    try:
        data = json.loads(sent.data)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise ApiError(200, "bad_event", f"The server sent an event that is no JSON object (number {sent.id}).")
    return JobEvent(int(sent.id), sent.event, data)
