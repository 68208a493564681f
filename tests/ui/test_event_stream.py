"""The client's event stream against a server that sends it every shape of trouble."""

import threading
import time
from collections.abc import Callable

import httpx2
import pytest

from tests.ui.scripted_server import Exchange, ScriptedServer, serve
from ui.api_client import ApiClient, ApiError, ApiUnreachable, JobEvent
from ui.event_stream import EventStream

FINISHED = b'id: 3\nevent: job.finished\ndata: {"state": "succeeded"}\n\n'
FIRST_TWO = b'id: 1\nevent: job.queued\ndata: {"n": 1}\n\nid: 2\nevent: text\ndata: {"text": "\xc3\xa9"}\n\n'


def sends(*chunks: bytes) -> Callable[[Exchange], None]:
    """An answer that streams these chunks, each as a packet of its own, and ends the connection."""

    def answer(exchange: Exchange) -> None:
        exchange.start(200, "text/event-stream")
        for chunk in chunks:
            exchange.send(chunk)

    return answer


def numbers(events: list[JobEvent]) -> list[int]:
    return [event.seq for event in events]


def stream_of(server: ScriptedServer, after: int = 0, retry_delays_s: tuple[float, ...] = (0.01, 0.01)) -> EventStream:
    return EventStream(httpx2.Client(base_url=server.url), "/v1/jobs/j/events", after, retry_delays_s)


def test_events_split_at_every_byte_arrive_whole() -> None:
    with serve(sends(*(bytes([byte]) for byte in FIRST_TWO + FINISHED))) as server:
        events = list(ApiClient(server.url, "t").events("j"))
    assert events == [
        JobEvent(1, "job.queued", {"n": 1}),
        JobEvent(2, "text", {"text": "é"}),
        JobEvent(3, "job.finished", {"state": "succeeded"}),
    ]
    assert server.seen[0].headers["Authorization"] == "Bearer t"


def test_heartbeats_and_unnumbered_messages_are_no_events() -> None:
    with serve(sends(b": ping\n\n", FIRST_TWO, b":\n\n", FINISHED)) as server:
        assert numbers(list(stream_of(server))) == [1, 2, 3]
    with serve(sends(b"data: hello\n\n", b"retry: 5\n\n", FIRST_TWO + FINISHED)) as server:
        assert numbers(list(stream_of(server))) == [1, 2, 3]


def test_pieces_of_text_come_as_they_are_said_and_unknown_events_too() -> None:
    delta = b'event: text.delta\ndata: {"text": "hm"}\n\n'
    new = b"id: 2\nevent: from.the.future\ndata: {}\n\n"
    with serve(sends(delta, b"id: 1\nevent: job.queued\ndata: {}\n\n", delta, new, FINISHED)) as server:
        seen = [(event.seq, event.type) for event in stream_of(server)]
    said = (0, "text.delta")
    assert seen == [said, (1, "job.queued"), said, (2, "from.the.future"), (3, "job.finished")]


def test_projects_stream_goes_on_after_a_jobs_end_until_there_is_no_project() -> None:
    def gone(exchange: Exchange) -> None:
        exchange.reply(404, {"title": "Not Found", "status": 404, "detail": "No project.", "code": "not_found"})

    with serve(sends(FIRST_TWO, FINISHED), sends(b"id: 4\nevent: job.queued\ndata: {}\n\n"), gone) as server:
        stream = iter(ApiClient(server.url, "t").project_events("p"))
        assert [next(stream).seq for _ in range(4)] == [1, 2, 3, 4]
        with pytest.raises(ApiError, match=r"No project\."):
            next(stream)
    assert [seen.path for seen in server.seen] == ["/v1/projects/p/events"] * 3


def test_stream_of_what_is_new_resumes_at_the_position_that_came_first() -> None:
    with serve(sends(b"id: 7\n\n"), sends(b"id: 8\nevent: text\ndata: {}\n\n")) as server:
        stream = iter(ApiClient(server.url, "t").project_events("p", "latest"))
        assert next(stream) == JobEvent(8, "text", {})
    assert server.seen[0].path == "/v1/projects/p/events?after=latest"
    assert (server.seen[1].path, server.seen[1].headers["Last-Event-ID"]) == ("/v1/projects/p/events", "7")


def test_broken_connection_is_resumed_after_the_last_whole_event() -> None:
    with serve(sends(FIRST_TWO, b"id: 3\nevent: job.fini"), sends(FINISHED)) as server:
        assert numbers(list(stream_of(server))) == [1, 2, 3]
    assert server.seen[1].headers["Last-Event-ID"] == "2"


def test_events_that_are_sent_again_are_given_once() -> None:
    with serve(sends(FIRST_TWO), sends(FIRST_TWO, FINISHED)) as server:
        assert numbers(list(stream_of(server))) == [1, 2, 3]


def test_stream_starts_after_the_number_asked_for() -> None:
    with serve(sends(FIRST_TWO, FINISHED)) as server:
        assert numbers(list(stream_of(server, after=2))) == [3]
    assert server.seen[0].headers["Last-Event-ID"] == "2"


def test_server_that_is_busy_for_a_moment_is_asked_again() -> None:
    def busy(exchange: Exchange) -> None:
        exchange.reply(503, {"title": "Busy", "status": 503, "detail": "Restarting.", "code": "unavailable"})

    with serve(busy, sends(FIRST_TWO, FINISHED)) as server:
        assert numbers(list(stream_of(server))) == [1, 2, 3]


def test_stream_that_never_brings_anything_ends_with_a_sentence() -> None:
    with serve(sends(b": ping\n\n")) as server, pytest.raises(ApiUnreachable, match="keeps ending"):
        list(stream_of(server))
    assert len(server.seen) == 3


def test_refusal_is_not_retried() -> None:
    def missing(exchange: Exchange) -> None:
        exchange.reply(404, {"title": "Not Found", "status": 404, "detail": "There is no job.", "code": "not_found"})

    with serve(missing) as server, pytest.raises(ApiError, match=r"There is no job\."):
        list(stream_of(server))
    assert len(server.seen) == 1


def test_event_that_is_no_json_ends_the_stream_with_a_sentence() -> None:
    with serve(sends(b"id: 1\nevent: text\ndata: {broken\n\n")) as server, pytest.raises(ApiError, match="number 1"):
        list(stream_of(server))


def test_close_from_another_thread_ends_a_silent_stream_at_once() -> None:
    def silent(exchange: Exchange) -> None:
        exchange.start(200, "text/event-stream")
        exchange.send(FIRST_TWO)
        server.released.wait(20)

    with serve(silent) as server:
        stream = stream_of(server)
        got: list[int] = []
        two_came = threading.Event()

        def read() -> None:
            for event in stream:
                got.append(event.seq)
                if event.seq == 2:
                    two_came.set()

        reader = threading.Thread(target=read)
        reader.start()
        assert two_came.wait(5)
        began = time.monotonic()
        stream.close()
        reader.join(5)
        assert not reader.is_alive()
        assert time.monotonic() - began < 1
    assert got == [1, 2]
