"""The world outside of a sandbox, made to be reached: listeners that answer, secrets that anybody may read, victims.

Every target gives away `PROOF` to whoever gets there, or remembers that somebody did.
"""

import ctypes
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

PROOF = f"got-outside-{secrets.token_hex(8)}"
CANARY = f"canary-{secrets.token_hex(8)}"
"""A variable's value in the environment of the fronts."""

_PYTHON = "/usr/bin/python3"  # ours may lie in a home that is closed to others


class Listeners:
    """Servers on this machine, each of which greets with the proof and counts who came."""

    def __init__(self, folder: Path) -> None:
        self.visits: list[str] = []
        self._stack = ExitStack()
        self.unix_path, self.abstract_name = str(folder / "socket"), f"p2m-walls-{secrets.token_hex(6)}"
        self.tcp_port = self._listen("tcp", socket.AF_INET, ("127.0.0.1", 0))[1]
        self.tcp6_port = self._listen("tcp6", socket.AF_INET6, ("::1", 0))[1]
        self._listen("unix", socket.AF_UNIX, self.unix_path)
        self._listen("abstract", socket.AF_UNIX, "\0" + self.abstract_name)
        self.udp_port = self._answer_datagrams()
        os.chmod(self.unix_path, 0o777)  # noqa: S103 - the walls must hold where permissions do not

    def close(self) -> None:
        """Close them all; their threads end."""
        self._stack.close()

    def _listen(self, name: str, family: int, address: Any) -> Any:
        server = socket.socket(family, socket.SOCK_STREAM)
        server.bind(address)
        server.listen(16)
        self._serve(server, lambda: self._greet(name, server))
        return server.getsockname()

    def _greet(self, name: str, server: socket.socket) -> None:
        with server.accept()[0] as visitor:
            self.visits.append(name)
            visitor.sendall(f"HTTP/1.0 200 OK\r\n\r\n{PROOF}".encode())
            visitor.shutdown(socket.SHUT_WR)
            visitor.settimeout(1)
            while visitor.recv(4096):  # a reset would take the greeting with it
                continue

    def _answer_datagrams(self) -> int:
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))

        def answer() -> None:
            _, visitor = server.recvfrom(4096)
            if not visitor:  # it was closed
                return
            self.visits.append("udp")
            server.sendto(PROOF.encode(), visitor)

        self._serve(server, answer)
        return server.getsockname()[1]

    def _serve(self, server: socket.socket, serve_one: Callable[[], None]) -> None:
        closed = threading.Event()

        def loop() -> None:
            while not closed.is_set():
                try:
                    serve_one()
                except OSError:  # closed, or the visitor left
                    continue

        def close() -> None:
            closed.set()
            with suppress(OSError):  # a datagram socket has no peer, but is woken all the same
                server.shutdown(socket.SHUT_RDWR)
            server.close()

        threading.Thread(target=loop, daemon=True).start()
        self._stack.callback(close)


class World:
    """Everything that there is to reach. `facts` is what an attempt is told of it."""

    def __init__(self, listeners: Listeners, facts: dict[str, Any], watched: Sequence[Path]) -> None:
        self.listeners, self.facts = listeners, facts
        self._watched = (*watched, Path("/etc/passwd"), Path("/proc/sys/kernel/core_pattern"))
        self._before = self._contents()

    def harm(self) -> list[str]:
        """What was reached or changed since the world was made: nothing, if the walls hold."""
        told = [f"somebody came by {visit}" for visit in self.listeners.visits]
        told += [f"{name} was ended" for name, pid in self.facts["victims"].items() if not _lives(pid)]
        now = self._contents()
        told += [f"{path} changed" for path, content in self._before.items() if now[path] != content]
        places = (Path(place, self.facts["mark"]) for place in self.facts["places"])
        return told + [f"{path} was written" for path in places if os.path.lexists(path)]

    def _contents(self) -> dict[Path, str]:
        return {path: _content(path) for path in self._watched}


@contextmanager
def listening(folder: Path) -> Iterator[Listeners]:
    """Listeners, closed at the end."""
    listeners = Listeners(folder)
    try:
        yield listeners
    finally:
        listeners.close()


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user of this machine may read and write, like the files in it."""
    folder = Path(tempfile.mkdtemp(prefix="p2m-walls-", dir="/var/tmp"))
    folder.chmod(0o777)
    try:
        yield folder
    finally:
        subprocess.run(["rm", "-rf", str(folder)], check=True)


@contextmanager
def victim(uid: int) -> Iterator[int]:
    """The number of a process of this user that holds the canary in its memory and its environment."""
    python = [sys.executable] if uid == os.getuid() else ["setpriv", "--reuid", str(uid), "--clear-groups", _PYTHON]
    command = [*python, "-c", "import sys; print(flush=True); sys.stdin.read()", "--public-key"]
    environment = {"PATH": os.defpath, "P2M_CANARY": CANARY}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline(), "the victim did not start"
        try:
            yield process.pid
        finally:
            process.kill()


@contextmanager
def shared_segment() -> Iterator[int]:
    """The key of a System V memory segment that everybody may read."""
    libc, key = ctypes.CDLL(None), secrets.randbelow(2**31)
    segment = libc.shmget(key, 4096, 0o1666)
    assert segment >= 0
    try:
        yield key
    finally:
        libc.shmctl(segment, 0, 0)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZT"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _content(path: Path) -> str:
    try:
        return path.read_bytes().hex()
    except FileNotFoundError:
        return "gone"
