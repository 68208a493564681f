"""Follows one job of one user for all who watch it, over as many connections to the API as it takes."""

import asyncio
import contextlib
import itertools
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2

from ui.api_errors import ApiError, raise_for_problem
from ui.api_requests import path_of
from ui.event_stream import DELTA, SILENCE_S, delta_of, event_of, number_of
from ui.live.view import LiveView

log = logging.getLogger(__name__)

LOST = "Connection lost, trying again…"
LOST_AFTER_S = 0.7
RETRY_DELAYS_S = (0.1, 0.25, 0.5, 1.0, 2.0)
_TIMEOUT = httpx2.Timeout(10.0, read=SILENCE_S)


class Follower:
    """Reads the job's events into `view` until the job ends, or `stop`. It goes on trying while the API is away.

    Belongs to the event loop that it is made on. `view` is None until the job has been found.
    """

    def __init__(self, http: httpx2.AsyncClient, token: str, job_id: str) -> None:
        self.watchers = 0
        self.view: LiveView | None = None
        self.gone: tuple[int, str] | None = None
        self._http = http
        self._job_id = job_id
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        self._after = 0
        self._changed = asyncio.Event()
        self._saying_lost: asyncio.TimerHandle | None = None
        self._task = asyncio.create_task(self._follow(), name=f"live-{job_id}")

    async def stop(self) -> None:
        """Stop reading; the job itself goes on."""
        self._stop_saying_lost()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def changed(self, timeout_s: float) -> bool:
        """Wait for anything new. Returns: whether it came within the time."""
        waiting = self._changed
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(waiting.wait(), timeout_s)
            return True
        return False

    def wake(self) -> None:
        """Wake all who wait; who comes later waits for the next change."""
        told, self._changed = self._changed, asyncio.Event()
        told.set()

    async def _follow(self) -> None:
        delays = _delays()
        while not (self.view is not None and self.view.over):
            try:
                async for _ in self._connection():
                    delays = _delays()
            except ApiError as error:
                if not error.retryable:
                    self._give_up(error)
                    return
            except httpx2.HTTPError:
                log.info("a job's events broke off", extra={"job_id": self._job_id})
            except Exception:
                log.exception("a job could not be followed")
                self._give_up(ApiError(500, "follow_failed", "Following the job failed on our side; reload the page."))
                return
            if self.view is not None and self.view.over:
                return
            # A hand-over is back at once; but a server that starts lets a connection wait, which is silence too.
            if self._saying_lost is None:
                self._saying_lost = asyncio.get_running_loop().call_later(LOST_AFTER_S, self._say_lost, LOST)
            await asyncio.sleep(next(delays))

    async def _connection(self) -> AsyncIterator[None]:
        """One connection, as long as it lasts; gives control back after whatever it brought."""
        if self.view is None:
            answer = await self._http.get(path_of("jobs", self._job_id), headers=self._headers, timeout=10.0)
            raise_for_problem(answer)
            self.view = LiveView(answer.json())
        headers = {**self._headers, **({"Last-Event-ID": str(self._after)} if self._after else {})}
        path = path_of("jobs", self._job_id, "events")
        async with self._http.sse(path, headers=headers, timeout=_TIMEOUT) as source:
            if source.response.is_error:
                await source.response.aread()
                raise_for_problem(source.response)
            self._stop_saying_lost()
            self._say_lost("")
            self.wake()
            yield
            async for sent in source:
                self._take(sent, self.view)
                yield
                if self.view.over:
                    return

    def _take(self, sent: httpx2.ServerSentEvent, view: LiveView) -> None:
        number = number_of(sent)
        if sent.event == DELTA:
            event = delta_of(sent)
        elif number is not None and number > self._after:
            self._after = number
            event = event_of(sent, number)
        else:
            return
        before = view.version
        view.apply(event.type, event.data)
        if view.version != before:
            self.wake()

    def _stop_saying_lost(self) -> None:
        if self._saying_lost is not None:
            self._saying_lost.cancel()
            self._saying_lost = None

    def _say_lost(self, sentence: str) -> None:
        if self.view is not None:
            before = self.view.version
            self.view.lose(sentence)
            if self.view.version != before:
                self.wake()

    def _give_up(self, error: ApiError) -> None:
        self._stop_saying_lost()
        self.gone = (error.status, error.detail)
        if self.view is not None:
            self.view.fail(error.detail)
        self.wake()


def _delays() -> Iterator[float]:
    return itertools.chain(RETRY_DELAYS_S, itertools.repeat(RETRY_DELAYS_S[-1]))


def as_json(said: Any) -> str:
    """On one line, as an event of a stream must be."""
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False)
