"""A stand-in for Claude's API that counts: the offline modeller behind the real wire, slowed to a reader's pace.

Every job names a model of its own (`chaos-…`), so that each request tells whose it is; the modeller behind knows one
model only and is asked for that one.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cloud.agent.offline.server import create_app
from cloud.agent.offline.wire import MODEL_ID
from scripts.bench.disturbed.serving import serve_in_a_thread

FIRST_WORD_S = 0.15
BETWEEN_EVENTS_S = 0.03

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass
class ModelCall:
    """One request for a turn. `turns` is how many messages the conversation had; `at` is the wall clock's time."""

    model: str
    turns: int
    at: float
    whole: bool = False
    ended_at: float = 0.0


@dataclass
class CountingModel:
    """The stand-in's books. Written by its own thread, read by others: appends alone."""

    calls: list[ModelCall] = field(default_factory=list)
    base_url: str = ""
    _modeller: Any = field(default_factory=create_app)

    @classmethod
    @contextmanager
    def served(cls) -> Iterator["CountingModel"]:
        """Serve on a free loopback port, from a thread of its own, for as long as the block runs."""
        model = cls()
        with serve_in_a_thread(model) as base_url:
            model.base_url = base_url
            yield model

    def of(self, model: str) -> list[ModelCall]:
        """The calls of one job, in order."""
        return [call for call in self.calls if call.model == model]

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http":
            return
        if scope["path"].startswith("/v1/models/"):
            scope = {**scope, "path": f"/v1/models/{MODEL_ID}", "raw_path": f"/v1/models/{MODEL_ID}".encode()}
        if (scope["method"], scope["path"]) == ("POST", "/v1/messages"):
            await self._count(scope, receive, send)
        else:
            await self._modeller(scope, receive, send)

    async def _count(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        at = time.time()
        body = await _read(receive)
        if body is None:
            return
        call = ModelCall(str(body.get("model")), len(body.get("messages", ())), at)
        self.calls.append(call)
        gone = asyncio.Event()
        watching = asyncio.create_task(_watch(receive, gone))
        try:
            await asyncio.sleep(FIRST_WORD_S)
            replay = _Replay(json.dumps({**body, "model": MODEL_ID}).encode(), gone)
            await self._modeller(scope, replay, _Paced(send, call, gone))
        finally:
            call.ended_at = time.time()
            watching.cancel()


@dataclass
class _Replay:
    """The request's body once more, then silence until the client goes."""

    body: bytes
    gone: asyncio.Event
    given: bool = False

    async def __call__(self) -> Message:
        if not self.given:
            self.given = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}


@dataclass
class _Paced:
    """Passes the answer on, a piece at a time; a call counts as whole once its last piece is out."""

    send: Send
    call: ModelCall
    gone: asyncio.Event

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message["headers"] if name.lower() != b"content-length"]
            message = {**message, "headers": kept}
        await self.send(message)
        if message["type"] == "http.response.body":
            if not message.get("more_body", False):
                self.call.whole = not self.gone.is_set()
            else:
                await asyncio.sleep(BETWEEN_EVENTS_S)


async def _read(receive: Receive) -> dict[str, Any] | None:
    """The request's JSON; None if the client went before it was whole."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return json.loads(bytes(body))


async def _watch(receive: Receive, gone: asyncio.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    gone.set()
