"""A server that answers as it is told, byte by byte: over plain http, or with a certificate of the test's own."""

import contextlib
import datetime as dt
import hashlib
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Speak = Callable[[socket.socket], None]
"""Writes to the client; the connection is closed after it."""

TOKEN = f"p2m_pat_{'a' * 49}"
PROJECT = "11111111-1111-4111-8111-111111111111"
STEP = "22222222-2222-4222-8222-222222222222"
JOB = "33333333-3333-4333-8333-333333333333"
PICTURE = "44444444-4444-4444-8444-444444444444"
BLEND = b"BLENDER-v405" + bytes(5_000)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CARD = {"id": PROJECT, "name": "../../Castle", "updated_at": "", "head_snapshot_id": STEP, "thumbnail_id": None}
RUNNING = {
    "id": JOB,
    "project_id": PROJECT,
    "kind": "build",
    "prompt": "a table",
    "state": "running",
    "created_at": "2026-11-23T10:00:00Z",
    "started_at": "2026-11-23T10:00:00Z",
    "cancel_requested": False,
    "error": None,
    "result": None,
}
USER = {"id": "00000000-0000-4000-8000-000000000001", "username": "Ada", "is_admin": False}
EMPTY_PAGE = {"items": [], "next_cursor": None}


@dataclass
class Hostile:
    """Answers by `METHOD path` (without its query), else by path, else 404. `asked`: heads of all requests so far."""

    port: int
    scheme: str
    answers: dict[str, bytes | Speak]
    asked: list[str] = field(default_factory=list)
    hung: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def until_asked(self, what: str, limit_s: float = 20.0) -> None:
        """Wait for a request whose first line begins so."""
        end = time.monotonic() + limit_s
        while not any(head.startswith(what) for head in list(self.asked)):
            assert time.monotonic() < end, self.asked
            time.sleep(0.005)

    def serve(self, client: socket.socket, tls: ssl.SSLContext | None) -> None:
        """One connection, one request."""
        with client, contextlib.suppress(OSError):
            talking = tls.wrap_socket(client, server_side=True) if tls else client
            with talking:
                head = _read_head(talking)
                if not head:
                    return
                self.asked.append(head)
                method, target, _ = head.split("\r\n", 1)[0].split(" ")
                path = target.partition("?")[0]
                found = self.answers.get(f"{method} {path}", self.answers.get(path))
                answer = found if found is not None else problem(404, "not_found", "There is nothing.")
                if callable(answer):
                    answer(talking)
                else:
                    talking.sendall(answer)

    def hang(self, client: socket.socket) -> None:
        """Say nothing, until the test is over."""
        self.hung.wait(30)


def answer(
    body: Any = None, *, status: str = "200 OK", length: int | None = None, raw: bytes | None = None, **headers: str
) -> bytes:
    """A whole answer; `length`: what it says of its length."""
    content = raw if raw is not None else json.dumps(body).encode()
    given = {"Content-Type": "application/json", "Content-Length": str(len(content) if length is None else length)}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in given.items()), "Connection: close"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def problem(status: int, code: str, detail: Any) -> bytes:
    """A problem document."""
    body = {"title": "x", "status": status, "detail": detail, "code": code}
    return answer(body, status=f"{status} No", Content_Type="application/problem+json")


def stream(*pieces: bytes, then: Speak | None = None) -> Speak:
    """An event stream of these pieces."""

    def speak(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for piece in pieces:
            client.sendall(piece)
        if then is not None:
            then(client)

    return speak


def event(number: int, kind: str, /, **data: Any) -> bytes:
    """One event as the API writes it."""
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def usual() -> dict[str, bytes | Speak]:
    """A server at which one can sign in, and nothing goes on."""
    return {
        "/v1/version": answer({"version": "0.1.0", "add_on": {"oldest": "0.1.0", "newest": None}}),
        "/v1/me": answer(USER),
        "/v1/jobs": answer(EMPTY_PAGE),
        "/v1/projects": answer(EMPTY_PAGE),
    }


def offers(server: Hostile, content: bytes, sent: "bytes | Speak | None" = None, **told: object) -> None:
    """The server has this .blend, and sends `sent` for it."""
    facts = {"id": PICTURE, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), **told}
    file = {"name": "../../../../tmp/evil.blend", "url": "https://evil.example.org/", "artifact_id": PICTURE}
    offer = {"kind": "scene", "state": "ready", "files": [file]}
    server.answers |= {
        f"/v1/projects/{PROJECT}/card": answer(CARD),
        f"/v1/projects/{PROJECT}/downloads": answer({"snapshot_id": STEP, "items": [offer]}),
        f"/v1/artifacts/{PICTURE}": answer(facts),
        f"/v1/artifacts/{PICTURE}/content": answer(raw=content) if sent is None else sent,
    }


@contextlib.contextmanager
def hostile_server(answers: dict[str, bytes | Speak], tls: ssl.SSLContext | None = None) -> Iterator[Hostile]:
    """The server, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Hostile(listener.getsockname()[1], "https" if tls else "http", answers)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=server.serve, args=(client, tls), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server
        server.hung.set()
        listener.shutdown(socket.SHUT_RDWR)


def certificate(folder: Path, *, name: str = "127.0.0.1", ends_in_days: float = 10.0) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS with a certificate that signs itself, and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    alternative: x509.GeneralName = x509.DNSName(name)
    with contextlib.suppress(ValueError):
        alternative = x509.IPAddress(ipaddress.ip_address(name))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=min(ends_in_days - 20, 0)))
        .not_valid_after(now + dt.timedelta(days=ends_in_days))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "server.pem", folder / "server.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(public, private)
    return tls, public


def _read_head(client: socket.socket) -> str:
    received = b""
    while b"\r\n\r\n" not in received and len(received) < 1 << 16:
        piece = client.recv(1 << 16)
        if not piece:
            return ""
        received += piece
    return received.partition(b"\r\n\r\n")[0].decode("latin-1")
