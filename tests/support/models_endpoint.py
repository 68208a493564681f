"""A models endpoint on loopback, for tests of keys: what it answers depends on the key that asks."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD_KEY, OTHER_KEY = "sk-ant-good-key-0123456789abcd", "sk-ant-other-key-0123456789wxyz"
SYSTEM_KEY = "sk-ant-system-key-0123456789"
_LISTS = {
    GOOD_KEY: ["claude-opus-5-5", "claude-next"],
    OTHER_KEY: ["claude-haiku-5-5"],
    SYSTEM_KEY: ["claude-sonnet-5-5", "claude-opus-5-5"],
}


@dataclass
class ModelsEndpoint:
    """The running server, and the keys that asked. `fault`: what every call gets instead: (status, body)."""

    url: str
    keys: list[str] = field(default_factory=list)
    fault: tuple[int, bytes] | None = None


@contextmanager
def models_endpoint() -> Iterator[ModelsEndpoint]:
    """Serve the lists; a key that is none of ours gets a 401 that repeats it, as a careless server would."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            key = self.headers.get("authorization", "").removeprefix("Bearer ")
            running.keys.append(key)
            if running.fault is not None:
                self._answer(*running.fault)
            elif key in _LISTS:
                items = [{"id": each, "type": "model", "display_name": each.title()} for each in _LISTS[key]]
                self._answer(200, _json({"data": items, "has_more": False, "first_id": None, "last_id": None}))
            else:
                error = {"type": "authentication_error", "message": f"invalid key: {key}"}
                self._answer(401, _json({"type": "error", "error": error}))

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = ModelsEndpoint(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()
