"""How the API's server treats its connections."""

import asyncio
import socket
import struct
from typing import ClassVar

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from cloud.api.headers import HEADERS
from cloud.api.problems import ProblemResponse
from cloud.api.sign_in_line import PREFIXES, REFUSAL, SignInLine

# A client that takes no byte for this long, though some wait for it, is not there any more.
STALL_LIMIT_S = 30.0
# From a connection's first moment, or the last answer's, until a request's headers are there.
HEAD_LIMIT_S = 20.0
HEAD_LIMIT_BYTES = 16 * 2**10
# In each such span a body must come on by this much: a slow client's line does, one that only holds us does not.
BODY_SPAN_S = 20.0
BODY_LEAST_BYTES = 10_000
BODY_LIMIT_S = 3600.0
# Who is refused before all is read has this long to read why: a close would take the answer back.
_LINGER_S = 2.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ImpatientConnection(H11Protocol):
    """Breaks the connection of a client that stops reading or sending: no task, queue and socket is kept for it.

    A request's head must come within `HEAD_LIMIT_S`, its body at `BODY_LEAST_BYTES` in each `BODY_SPAN_S`, or the
    answer is 408. An answer that nobody reads ends after `STALL_LIMIT_S`.
    """

    line: ClassVar[SignInLine]
    """Of the server; see `connections_of`."""

    _stalled: asyncio.TimerHandle | None = None
    _arriving: asyncio.TimerHandle | None = None
    _is_refused = False

    def __init__(self, config: Config, server_state: ServerState, *rest: object, **options: object) -> None:
        super().__init__(config, server_state, *rest, **options)  # pyright: ignore[reportArgumentType]
        self._received = 0
        self._body_began = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        self._received += len(data)
        if self._is_refused:
            return
        if not (data.startswith(PREFIXES) and self._is_at_start()):
            super().data_received(data)
        elif self.line.join(lambda: self._begin(data)):
            self._forget_arrival()  # now it waits for us
            self._unset_keepalive_if_required()
            self.flow.pause_reading()
        else:
            self._turn_away()

    def handle_events(self) -> None:
        """See uvicorn: takes what has come. Afterwards, watch for what has still to come."""
        super().handle_events()
        if self.transport.is_closing():
            self._forget_arrival()
        elif self.conn.their_state is h11.IDLE:
            self._expect_head()
        elif self.conn.their_state is h11.SEND_BODY:
            self._expect_body()
        else:
            self._forget_arrival()

    def send_400_response(self, msg: str) -> None:
        """See uvicorn: what came is no HTTP, or its head has no end."""
        too_long = len(self.conn.trailing_data[0]) >= HEAD_LIMIT_BYTES
        if too_long:
            self._refuse(431, "headers_too_large", f"The request's headers have more than {HEAD_LIMIT_BYTES} bytes.")
        else:
            self._refuse(400, "bad_request", "This is no HTTP/1.1 request that can be read.")

    def _is_at_start(self) -> bool:
        """Whether what comes next is the beginning of a request, not a later part of one."""
        return self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]

    def _begin(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()
            super().data_received(data)

    def _turn_away(self) -> None:
        self._is_refused = True
        self._forget_arrival()
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
        self._forget_arrival()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        """Between requests uvicorn's own, shorter limit holds until the first byte."""
        is_watched = self._arriving is not None and not self._body_began
        is_kept_alive = self.timeout_keep_alive_task is not None
        if not is_watched and not is_kept_alive:
            self._forget_arrival()
            self._arriving = self.loop.call_later(HEAD_LIMIT_S, self._end_arrival)

    def _expect_body(self) -> None:
        if not self._body_began:
            self._forget_arrival()
            self._body_began = self.loop.time()
            self._await_span()

    def _await_span(self) -> None:
        waits_for_us = self.flow.read_paused or self.conn.they_are_waiting_for_100_continue
        self._arriving = self.loop.call_later(BODY_SPAN_S, self._judge_body, self._received, waits_for_us)

    def _judge_body(self, received: int, waited_for_us: bool) -> None:
        waits_for_us = waited_for_us or self.flow.read_paused or self.conn.they_are_waiting_for_100_continue
        came_on = self._received - received >= BODY_LEAST_BYTES
        if (came_on or waits_for_us) and self.loop.time() - self._body_began < BODY_LIMIT_S:
            self._await_span()
        else:
            self._end_arrival()

    def _end_arrival(self) -> None:
        self._forget_arrival()
        if not self.transport.is_closing():
            self._refuse(408, "too_slow", "The request did not come in time; send it again, without pauses.")

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answer, unless an answer has begun, and close."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            problem = ProblemResponse(status, code, detail, headers={**HEADERS, "Connection": "close"})
            body = bytes(problem.body)
            for event in (
                h11.Response(status_code=status, headers=problem.raw_headers),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _forget_arrival(self) -> None:
        self._body_began = 0.0
        if self._arriving is not None:
            self._arriving.cancel()
            self._arriving = None

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
