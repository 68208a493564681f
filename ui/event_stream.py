"""The live events of a job or a project over SSE, through broken connections, hand-overs and restarts."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any, Literal

import httpx2

from ui.api_errors import ApiError, ApiUnreachable, raise_for_problem, unreachable
from ui.api_types import JobEvent

# The API sends a comment every 15 s, so silence of three times that means a dead connection.
SILENCE_S = 45.0
RETRY_DELAYS_S = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
# A connection that lasted this long was sound, even if it brought nothing new.
SOUND_AFTER_S = 30.0
DELTA = "text.delta"


class EventStream:
    """Events in order, each once, over as many connections as it takes. A job's end after `job.finished`.

    `after`: the number of the last event that is known; `latest` (projects): only what is new. Pieces of text
    (`text.delta`) come once or, where a connection broke, never: the whole text follows them. Events of an unknown
    type are given as they are.
    Iterate it once, in one thread. `close` may be called from any thread and ends the iteration at once.
    Raises while iterating: ApiError: the job is not there or not ours. ApiUnreachable: the connection broke and
    could not be had again within `sum(retry_delays_s)`.
    """

    def __init__(
        self,
        http: httpx2.Client,
        path: str,
        after: int | Literal["latest"] = 0,
        retry_delays_s: tuple[float, ...] = RETRY_DELAYS_S,
        *,
        ends_with_job: bool = True,
    ) -> None:
        self._http = http
        self._path = path
        self._after = after if after != "latest" else 0
        self._only_new = after == "latest"
        self._ends_with_job = ends_with_job
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
        params = {"after": "latest"} if self._only_new else {}
        timeout = httpx2.Timeout(10.0, read=SILENCE_S)
        with self._http.sse(self._path, params=params, headers=headers, timeout=timeout) as source:
            if source.response.is_error:
                source.response.read()
                raise_for_problem(source.response)
            with self._closable(source.response):
                for sent in source:
                    if self._closed.is_set():
                        return
                    event = self._take(sent)
                    if event is None:
                        continue
                    self._finished = self._ends_with_job and event.type == "job.finished"
                    yield event
                    if self._finished:
                        return

    def _take(self, sent: httpx2.ServerSentEvent) -> JobEvent | None:
        """None for what is no event, or not new."""
        if sent.event == DELTA:
            return delta_of(sent)
        number = number_of(sent)
        if number is None or number < self._after or (number == self._after and not self._only_new):
            return None
        # The first number of a stream of what is new is its position: from now on it is resumed there.
        is_position, self._only_new = self._only_new, False
        self._after = number
        return None if is_position and not sent.data else event_of(sent, number)

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
        return ApiUnreachable(f"The server at {site} keeps ending the event stream; try again in a moment.")


def number_of(sent: httpx2.ServerSentEvent) -> int | None:
    """The event's number; None: it has none."""
    return int(sent.id) if sent.id.isascii() and sent.id.isdigit() else None


def event_of(sent: httpx2.ServerSentEvent, number: int) -> JobEvent:
    """Raises: ApiError: it is none."""
    return JobEvent(number, sent.event, _data_of(sent, sent.id))


def delta_of(sent: httpx2.ServerSentEvent) -> JobEvent:
    """A piece of text, which has no number. Raises: ApiError: it is none."""
    return JobEvent(0, DELTA, _data_of(sent, ""))


def _data_of(sent: httpx2.ServerSentEvent, number: str) -> dict[str, Any]:
    """Raises: ApiError: it is no JSON object."""
    try:
        data = json.loads(sent.data)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        which = f"number {number}" if number else sent.event
        raise ApiError(200, "bad_event", f"The server sent an event that is no JSON object ({which}).")
    return data
