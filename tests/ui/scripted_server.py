"""A real HTTP server on loopback whose answers a test scripts, byte by byte where it must."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Exchange:
    """One request, and the means to answer it. `body` is the request's."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    handler: BaseHTTPRequestHandler

    def reply(self, status: int, content: Any = b"", media_type: str = "application/json", **headers: str) -> None:
        """Answer whole; anything but bytes goes as JSON."""
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.start(status, media_type, **{"Content-Length": str(len(data)), **headers})
        self.send(data)

    def start(self, status: int, media_type: str, **headers: str) -> None:
        """Send the head alone; without a length the body ends with the connection."""
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", media_type)
        self.handler.send_header("Connection", "close")
        for name, value in headers.items():
            self.handler.send_header(name, value)
        self.handler.end_headers()

    def send(self, data: bytes) -> None:
        """Send these bytes of the body now, as a packet of their own."""
        self.handler.wfile.write(data)
        self.handler.wfile.flush()


@dataclass
class ScriptedServer:
    """`answers` are used one a request, in order; the last serves all later ones."""

    answers: list[Callable[[Exchange], None]]
    url: str = ""
    seen: list[Exchange] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serve(*answers: Callable[[Exchange], None]) -> Iterator[ScriptedServer]:
    """Serve until the block ends. An answer may wait on `released`, which is set at the end."""
    script = ScriptedServer(list(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            exchange = Exchange(self.command, self.path, dict(self.headers.items()), body, self)
            script.seen.append(exchange)
            script.answers[min(len(script.seen), len(script.answers)) - 1](exchange)
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None: ...  # noqa: A002

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield script
    finally:
        script.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
