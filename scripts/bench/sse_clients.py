"""Many clients of event streams in one process of their own, as cheap as they can be: raw sockets, little parsing.

Run by the benchmark: gets a `Plan` as JSON on stdin, follows until stdin closes, writes what came to the plan's file.
"""

import asyncio
import json
import sys
import time
from array import array
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

_RECONNECT_S = 0.2


@dataclass(frozen=True)
class Plan:
    """Who follows what: each client the topics of one list, one after another, as each comes to its end.

    A topic is `jobs/<id>` or `projects/<id>`; `tokens` and `routes` are by client.
    """

    host: str
    port: int
    tokens: list[str]
    routes: list[list[str]]
    file: str


class Client(asyncio.Protocol):
    """One connection at a time. What it got: topic, number, when it came, and when its connection was made."""

    def __init__(self, token: str, route: list[str], topics: dict[str, int]) -> None:
        self._token = token
        self._route = route
        self._topics = topics
        self.got_topic, self.got_number = array("i"), array("i")
        self.came, self.connected = array("d"), array("d")
        self.deltas = self.breaks = self.gaps = self.repeats = 0
        self._at = 0
        self._last = 0
        self._has_head = False
        self._buffer = b""
        self._since = 0.0
        self._gone = asyncio.Event()

    async def follow(self, host: str, port: int) -> None:
        """Until cancelled, or the end of the route."""
        loop = asyncio.get_running_loop()
        while self._at < len(self._route):
            self._gone.clear()
            self._has_head, self._buffer, at = False, b"", self._at
            transport, _ = await loop.create_connection(lambda: self, host, port)
            topic = self._route[self._at]
            resume = f"Last-Event-ID: {self._last}\r\n" if self._last else ""
            query = "?after=latest" if topic.startswith("projects") and not self._last else ""
            # HTTP/1.0: an answer without chunks needs less parsing.
            request = f"GET /v1/{topic}/events{query} HTTP/1.0\r\nAuthorization: Bearer {self._token}\r\n{resume}\r\n"
            transport.write(request.encode())
            try:
                await self._gone.wait()
            finally:
                transport.abort()
            if self._at == at:
                self.breaks += 1
                await asyncio.sleep(_RECONNECT_S)

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        now = time.time()
        data = self._buffer + data
        if not self._has_head:
            head, blank, data = data.partition(b"\r\n\r\n")
            if not blank:
                self._buffer = head
                return
            if b" 200 " not in head.splitlines()[0]:
                raise SystemExit(f"a client got {head.splitlines()[0].decode()}: {data[:300].decode()}")
            self._has_head, self._since = True, now
        *blocks, self._buffer = data.split(b"\n\n")
        for block in blocks:
            if block.startswith(b"id: "):
                self._take(block, now)
            elif block.startswith(b"event: text.delta"):
                self.deltas += 1

    def _take(self, block: bytes, now: float) -> None:
        first, _, rest = block.partition(b"\n")
        number = int(first[4:])
        if rest:
            if self._last and number != self._last + 1:
                self.gaps += number > self._last + 1
                self.repeats += number <= self._last
            self.got_topic.append(self._topics[self._route[self._at]])
            self.got_number.append(number)
            self.came.append(now)
            self.connected.append(self._since)
        self._last = number
        if rest.startswith(b"event: job.finished") and self._route[self._at].startswith("jobs"):
            self._at, self._last = self._at + 1, 0
            self._gone.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self._gone.set()


async def _run(plan: Plan) -> None:
    names = sorted({topic for route in plan.routes for topic in route})
    topics = {name: index for index, name in enumerate(names)}
    clients = [Client(token, route, topics) for token, route in zip(plan.tokens, plan.routes, strict=True)]
    tasks = [asyncio.create_task(client.follow(plan.host, plan.port)) for client in clients]
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for task in tasks:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    np.savez(
        Path(plan.file),
        names=np.array(names),
        **{
            name: np.concatenate([np.asarray(getattr(client, name)) for client in clients])
            for name in ("got_topic", "got_number", "came", "connected")
        },
        **{
            name: np.array([getattr(client, name) for client in clients])
            for name in ("deltas", "breaks", "gaps", "repeats")
        },
    )
    failures = [str(one) for one in done if isinstance(one, Exception)]
    print(json.dumps(failures), flush=True)


def encoded(plan: Plan) -> str:
    """One line for this program's stdin."""
    return json.dumps(asdict(plan)) + "\n"


if __name__ == "__main__":
    asyncio.run(_run(Plan(**json.loads(sys.stdin.readline()))))
