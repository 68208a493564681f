"""What Services and forwarded ports do: TCP listeners whose connections go to whoever is ready just then.

As with kube-proxy a connection stays with its pod to the pod's end; only new ones go to others.
"""

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Callable, Sequence

Endpoints = Callable[[], Sequence[tuple[str, int] | str]]
"""Where connections may go now: address and port, or the path of a unix socket."""

_CONNECT_S = 3.0
_TRIES = 20
_PAUSE_S = 0.1


class Forwarders:
    """TCP listeners in a thread of their own. `stop` ends them and all their connections."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="forwarders", daemon=True)
        self._thread.start()

    def add(self, host: str, port: int, endpoints: Endpoints, *, keeps_clients: bool = False) -> int:
        """Listen; `keeps_clients`: an address stays with its pod while that is ready. Returns: the port."""
        starting = asyncio.run_coroutine_threadsafe(self._listen(host, port, endpoints, keeps_clients), self._loop)
        return starting.result(10)

    def stop(self) -> None:
        """End."""

        async def cancel() -> None:
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(cancel(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _listen(self, host: str, port: int, endpoints: Endpoints, keeps_clients: bool) -> int:
        turns = itertools.count()
        kept: dict[str, tuple[str, int] | str] = {}

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            with contextlib.suppress(asyncio.CancelledError):  # by `stop`; asyncio would print each
                await pass_on(reader, writer)

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            client = str(writer.get_extra_info("peername")[0])
            for _ in range(_TRIES):
                now = list(endpoints())
                chosen = kept.get(client) if keeps_clients and kept.get(client) in now else None
                if now and chosen is None:
                    chosen = kept[client] = now[next(turns) % len(now)]
                if chosen is not None:
                    with contextlib.suppress(OSError, TimeoutError):
                        onward = await asyncio.wait_for(_open(chosen), _CONNECT_S)
                        await _join(reader, writer, *onward)
                        return
                    # What a packet to a pod that is gone gets: nothing, until the client tries again.
                await asyncio.sleep(_PAUSE_S)
            writer.close()

        server = await asyncio.start_server(serve, host, port, backlog=1024)
        return int(server.sockets[0].getsockname()[1])


async def _open(place: tuple[str, int] | str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(place, str):
        return await asyncio.open_unix_connection(place)
    return await asyncio.open_connection(*place)


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
) -> None:
    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(2**16):
                sink.write(data)
                await sink.drain()
        with contextlib.suppress(OSError):
            if sink.can_write_eof():
                sink.write_eof()

    try:
        await asyncio.gather(pump(reader, far_writer), pump(far, writer))
    finally:
        for one in (writer, far_writer):
            one.close()
