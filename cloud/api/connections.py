"""How the API's server treats its connections."""

import asyncio
import socket
import struct
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from cloud.api.sign_in_line import PREFIXES, REFUSAL, SignInLine

# A client that takes no byte for this long, though some wait for it, is not there any more.
STALL_LIMIT_S = 30.0
# Who is refused before all is read has this long to read why: a close would take the answer back.
_LINGER_S = 2.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ImpatientConnection(H11Protocol):
    """Breaks the connection of a client that stops reading in the middle of an answer.

    Without this its stream's task, queue and socket would stay for as long as the client's machine is up.
    """

    line: ClassVar[SignInLine]
    """Of the server; see `connections_of`."""

    _stalled: asyncio.TimerHandle | None = None
    _is_refused = False

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if self._is_refused:
            return
        if not (data.startswith(PREFIXES) and self._is_at_start()):
            super().data_received(data)
        elif self.line.join(lambda: self._begin(data)):
            self._unset_keepalive_if_required()
            self.flow.pause_reading()
        else:
            self._refuse()

    def _is_at_start(self) -> bool:
        """Whether what comes next is the beginning of a request, not a later part of one."""
        return self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]

    def _begin(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()
            super().data_received(data)

    def _refuse(self) -> None:
        self._is_refused = True
        self.transport.write(REFUSAL)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.close)

    def pause_writing(self) -> None:
        """See asyncio: more waits to be sent than the socket takes."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """See asyncio."""
        self._forget()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        self._stalled = self.loop.call_later(STALL_LIMIT_S, self._judge, waiting)

    def _judge(self, waiting: int) -> None:
        if self.transport.get_write_buffer_size() < waiting:
            self._watch()
        else:
            # Reset, or the kernel would keep what is unsent, and wait for the client, for many minutes more.
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.transport.abort()

    def _forget(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None


def connections_of(line: SignInLine) -> type[ImpatientConnection]:
    """The connections of one server, whose sign-ins wait in this line."""
    return type("Connection", (ImpatientConnection,), {"line": line})
