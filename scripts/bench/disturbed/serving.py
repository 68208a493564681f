"""An ASGI application on a loopback port, served by a thread of its own."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

_START_LIMIT_S = 10.0


@contextmanager
def serve_in_a_thread(app: Any) -> Iterator[str]:
    """Serve for as long as the block runs; yields the base URL. Raises: TimeoutError: it did not start."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none"))
        # In a thread uvicorn leaves the signals alone.
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="stand-in", daemon=True)
        thread.start()
        try:
            deadline = time.monotonic() + _START_LIMIT_S
            while not server.started:
                if time.monotonic() > deadline:
                    raise TimeoutError("the stand-in for the model did not start")
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            thread.join(10)
