"""What lies between the add-on and a server: a wire that can be cut or encrypted, and a forward proxy."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_PIECE_BYTES = 1 << 16
_HEAD_BYTES = 1 << 16


@dataclass
class Wire:
    """A loopback port that leads to another one, until it is cut; and again once it is mended."""

    port: int
    target_port: int
    _is_cut: threading.Event = field(default_factory=threading.Event)
    _open: set[socket.socket] = field(default_factory=set)

    def cut(self) -> None:
        """Every connection breaks, and new ones break at once: the server is gone."""
        self._is_cut.set()
        _close(self._open)

    def mend(self) -> None:
        """New connections get through."""
        self._is_cut.clear()

    def serve(self, near: socket.socket, tls: ssl.SSLContext | None) -> None:
        """Carry one connection to its end."""
        with near:
            if self._is_cut.is_set():
                return
            with contextlib.suppress(OSError):
                talking = tls.wrap_socket(near, server_side=True) if tls else near
                with talking, socket.create_connection(("127.0.0.1", self.target_port)) as far:
                    _pipe_both(talking, far, self._open)


@dataclass
class ForwardProxy:
    """An HTTP proxy as companies have it: absolute addresses for http, CONNECT for https. `routes` is its DNS."""

    port: int
    routes: dict[str, int]
    served: list[str] = field(default_factory=list)
    _open: set[socket.socket] = field(default_factory=set)

    def serve(self, near: socket.socket, _tls: ssl.SSLContext | None) -> None:
        """Answer one connection. Whom it is for goes into `served`."""
        with near, contextlib.suppress(OSError, ValueError):
            head, rest = _read_head(near)
            line, _, fields = head.partition(b"\r\n")
            method, target, version = line.decode("ascii").split(" ")
            parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
            self.served.append(f"{method} {parts.netloc}")
            port = self.routes.get(parts.netloc)
            if port is None:
                near.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", port)) as far:
                if method == "CONNECT":
                    near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                else:
                    # One request a connection: the next may be for another server.
                    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
                    kept = [
                        each for each in fields.split(b"\r\n") if each and not each.lower().startswith(b"connection:")
                    ]
                    asked = [f"{method} {path} {version}".encode(), *kept, b"Connection: close", b"", b""]
                    far.sendall(b"\r\n".join(asked) + rest)
                _pipe_both(near, far, self._open)

    def close_all(self) -> None:
        """Every connection breaks."""
        _close(self._open)


@contextlib.contextmanager
def wire(target_port: int, tls: ssl.SSLContext | None = None) -> Iterator[Wire]:
    """A wire to a loopback port; with `tls` its near end is encrypted."""
    with _listening() as listener:
        made = Wire(listener.getsockname()[1], target_port)
        _accept_in_thread(listener, made, tls)
        yield made
        made.cut()


@contextlib.contextmanager
def forward_proxy(routes: dict[str, int]) -> Iterator[ForwardProxy]:
    """A proxy that knows the ports of these `host:port`s, and nobody else."""
    with _listening() as listener:
        made = ForwardProxy(listener.getsockname()[1], routes)
        _accept_in_thread(listener, made, None)
        yield made
        made.close_all()


@contextlib.contextmanager
def _listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener
        listener.shutdown(socket.SHUT_RDWR)  # ends the accept


def _accept_in_thread(listener: socket.socket, server: Wire | ForwardProxy, tls: ssl.SSLContext | None) -> None:
    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                threading.Thread(target=server.serve, args=(near, tls), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def _read_head(near: socket.socket) -> tuple[bytes, bytes]:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = near.recv(_PIECE_BYTES)
        if not piece or len(received) > _HEAD_BYTES:
            raise ValueError("no request came")
        received += piece
    head, _, rest = received.partition(b"\r\n\r\n")
    return head, rest


def _pipe_both(near: socket.socket, far: socket.socket, kept: set[socket.socket]) -> None:
    kept.update((near, far))
    back = threading.Thread(target=_pipe, args=(far, near), daemon=True)
    back.start()
    _pipe(near, far)
    back.join()
    kept.difference_update((near, far))


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError, ValueError):
        while piece := source.recv(_PIECE_BYTES):
            target.sendall(piece)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def _close(open_sockets: set[socket.socket]) -> None:
    for each in list(open_sockets):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
