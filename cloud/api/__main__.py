"""The API's process: `python -m cloud.api [--fd N | --host H --port P]`.

SIGTERM and SIGINT end it within about two seconds, open event streams included: their clients reconnect.
"""

import argparse
import asyncio
import gc
import socket
import sys

import uvicorn
from fastapi import FastAPI

from cloud.api.app import create_app
from cloud.api.connections import HEAD_LIMIT_BYTES, connections_of
from cloud.api.sign_in_line import SignInLine
from cloud.api.telemetry import tracing_of
from cloud.errors import Prompt2MeshError
from cloud.redaction import mask
from cloud.start import begin_process, settings_at_start
from cloud.storage.start import demand_usable

_GRACE_S = 2
# Of connections that wait: how many the kernel keeps, and how many are taken before the open ones have their turn.
_WAITING, _TAKEN_AT_ONCE = 4096, 4


class ApiServer(uvicorn.Server):
    """Ends the event streams first: uvicorn would wait for them, and they may last for an hour."""

    def __init__(self, app: FastAPI, trusted_proxies: str = "") -> None:
        # `log_config` None: our own logging stands.
        super().__init__(
            uvicorn.Config(
                app,
                http=connections_of(SignInLine()),
                h11_max_incomplete_event_size=HEAD_LIMIT_BYTES,
                ws="none",  # there are no web sockets
                log_config=None,
                server_header=False,
                proxy_headers=bool(trusted_proxies),
                forwarded_allow_ips=trusted_proxies or None,
                backlog=_TAKEN_AT_ONCE,
                timeout_graceful_shutdown=_GRACE_S,
                lifespan="on",
            )
        )
        self._app = app

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        for listener in sockets or []:
            # asyncio does this only for sockets that name their protocol; without it an answer takes 40 ms.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        await super().startup(sockets)
        for listener in sockets or []:
            # asyncio takes as many at once as it lets the kernel keep: in a flood all others would wait for them.
            listener.listen(_WAITING)
        _collect_seldom()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        await self._app.state.services.feed.aclose()
        await super().shutdown(sockets)


def _collect_seldom() -> None:
    """What stands now stands for good, and thousands of connections come and go without being garbage.

    Looking through all of it again and again made everybody wait for half a second in a flood.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 50)


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal comes. Returns: the process's exit code."""
    parser = argparse.ArgumentParser(prog="python -m cloud.api", description=__doc__)
    parser.add_argument("--fd", type=int, help="an inherited socket that listens already")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    chosen = parser.parse_args(arguments)
    try:
        settings = settings_at_start()
        begin_process(settings)
        asyncio.run(demand_usable(settings))
        listener = _listener(chosen.fd, chosen.host, chosen.port)
        with tracing_of(settings, "api"):
            ApiServer(create_app(settings), settings.trusted_proxies).run(sockets=[listener])
    except Prompt2MeshError as error:
        sys.stderr.write(f"{mask(str(error))}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"The API cannot listen on {chosen.host}:{chosen.port}: {error.strerror}.\n")
        return 1
    return 0


def _listener(fd: int | None, host: str, port: int) -> socket.socket:
    if fd is not None:
        return socket.socket(fileno=fd)
    return socket.create_server((host, port), backlog=128)


if __name__ == "__main__":
    sys.exit(main())
