"""The sockets of one thread, which any other thread can cut: so no wait of ours lasts longer than we want.

A `Line` makes the sockets of all its connections. `cut` ends whatever its thread waits for: a look-up of a name, a
connection that is being made, TLS, a request, an answer. `Guard` cuts lines whose call takes too long, which a limit of
each single read cannot: a server may send one byte at a time.
"""

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from .problems import Stopped

CONNECT_S = 8.0
_SLICE_S = 0.1
_FOR_EVER_S = 3600.0


class NameUnknown(OSError):
    """No address is known for the host's name."""


class Line:
    """The connections of one thread. All but `cut`, `close` and `end_late_call` is for that thread."""

    def __init__(self, guard: "Guard") -> None:
        self._guard = guard
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._closed = False
        self._cuts = 0
        self._mark = 0
        self._in_call = False
        self._late = False
        self._doubles: set[socket.socket] = set()
        self._left: set[socket.socket] = set()

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def was_cut(self) -> bool:
        """Whether what the thread does is unwanted since `begin`: the line was cut, or is closed."""
        return self._closed or self._cuts != self._mark

    @property
    def late(self) -> bool:
        """Whether the guard has ended this call, because it took too long."""
        return self._late

    @property
    def connections(self) -> int:
        """How many connections are open."""
        with self._lock:
            return len(self._doubles)

    def begin(self) -> None:
        """What was cut so far is over: something new begins. Before its thread asks whether it is wanted still."""
        with self._lock:
            self._mark = self._cuts
            if not self._closed:
                self._woken.clear()

    def cut(self) -> None:
        """End what the thread does, now; it gets Stopped. Any thread."""
        with self._lock:
            self._cuts += 1
            self._woken.set()
            self._end_reads()

    def close(self) -> None:
        """The same, for good. Any thread; twice is once."""
        self._closed = True
        self.cut()

    def end_late_call(self) -> None:
        """For the guard: the call fails, and the thread may go on with another."""
        with self._lock:
            self._late = True
            self._end_reads()

    def wait(self, seconds: float) -> None:
        """Sleep. Raises: Stopped, as soon as the line is cut."""
        if self._woken.wait(seconds):
            raise Stopped

    @contextlib.contextmanager
    def call(self, limit_s: float) -> Iterator[None]:
        """Around a request and the reading of its answer, which end after `limit_s`. Calls do not nest."""
        if self.was_cut:
            raise Stopped
        self._late, self._in_call = False, True
        self._guard.watch(self, limit_s)
        try:
            yield
        finally:
            self._guard.unwatch(self)
            with self._lock:
                self._in_call = False
                for double in self._left:
                    self._forget(double)
                self._left.clear()

    def extend(self, limit_s: float) -> None:
        """The call goes well: it has so long from now on."""
        self._guard.watch(self, limit_s)

    def connect(self, host: str, port: int, options: Sequence[tuple[Any, ...]] = ()) -> socket.socket:
        """A connected socket with a limit of CONNECT_S on each operation. Raises: OSError, Stopped."""
        until = time.monotonic() + CONNECT_S
        error: OSError | None = None
        for family, kind, protocol, _, address in self._addresses(host, port, until):
            connection = socket.socket(family, kind, protocol)
            try:
                for option in options:
                    connection.setsockopt(*option)
                self._reach(connection, address, until)
                connection.settimeout(CONNECT_S)
                return connection
            except OSError as trouble:
                connection.close()
                error = trouble
            except BaseException:
                connection.close()
                raise
        raise error or NameUnknown(f"no address is known for {host}")

    def take(self, connection: socket.socket) -> socket.socket:
        """A double of the socket, by which `cut` reaches it whatever TLS makes of it. Give it to `drop`."""
        double = connection.dup()
        with self._lock:
            self._doubles.add(double)
            if self.was_cut or self._late:
                self._end_reads()
        return double

    def drop(self, double: socket.socket) -> None:
        """The connection is closed; while a call goes on, what is left of an answer may still be read from it."""
        with self._lock:
            if self._in_call:
                self._left.add(double)
            else:
                self._forget(double)

    def _forget(self, double: socket.socket) -> None:
        self._doubles.discard(double)
        double.close()

    def _end_reads(self) -> None:
        for double in self._doubles:
            with contextlib.suppress(OSError):  # the peer may have closed it first
                double.shutdown(socket.SHUT_RDWR)

    def _demand_time(self, until: float) -> None:
        """Raises: Stopped. TimeoutError."""
        if self.was_cut:
            raise Stopped
        if self._late or time.monotonic() > until:
            raise TimeoutError("timed out")

    def _addresses(self, host: str, port: int, until: float) -> list[Any]:
        """What the name stands for. Nothing can end a look-up, so a thread of its own is left alone with it."""
        with contextlib.suppress(OSError):
            return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        answers: list[list[Any]] = []
        done = threading.Event()

        def look_up() -> None:
            with contextlib.suppress(OSError, UnicodeError):
                answers.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            done.set()

        threading.Thread(target=look_up, name="prompt2mesh-name", daemon=True).start()
        while not done.wait(_SLICE_S):
            self._demand_time(until)
        if not answers:
            raise NameUnknown(f"no address is known for {host}")
        return answers[0]

    def _reach(self, connection: socket.socket, address: Any, until: float) -> None:
        connection.setblocking(False)
        begun = connection.connect_ex(address)
        if begun == 0:
            return
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_WRITE)
            while not selector.select(_SLICE_S):
                self._demand_time(until)
        failed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failed:
            raise OSError(failed, "the connection was refused")


class Guard:
    """Owns one thread, started with the first call, which cuts lines that are late. It touches nothing else."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._until: dict[Line, float] = {}
        self._thread: threading.Thread | None = None
        self._stopped = False

    def watch(self, line: Line, limit_s: float) -> None:
        """Cut the line so many seconds from now, unless it is watched anew or no more."""
        with self._changed:
            sooner = line not in self._until
            self._until[line] = time.monotonic() + limit_s
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="prompt2mesh-guard", daemon=True)
                self._thread.start()
            elif sooner:  # one that only has more time need not wake the thread
                self._changed.notify()

    def unwatch(self, line: Line) -> None:
        """The call is over."""
        with self._changed:
            self._until.pop(line, None)

    def stop(self) -> None:
        """End the thread; `join` waits for it."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def join(self, timeout_s: float) -> bool:
        """Whether the thread has ended."""
        thread = self._thread
        if thread is None:
            return True
        thread.join(max(timeout_s, 0.0))
        return not thread.is_alive()

    def _run(self) -> None:
        with self._changed:
            while not self._stopped:
                now = time.monotonic()
                for line in [line for line, until in self._until.items() if until <= now]:
                    del self._until[line]
                    line.end_late_call()
                left_s = min(self._until.values(), default=now + _FOR_EVER_S) - now
                self._changed.wait(min(left_s, _FOR_EVER_S))
