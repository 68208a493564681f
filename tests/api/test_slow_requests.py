"""Clients that send slowly or never end: a connection costs them more than us."""

import http.client
import socket
import time
from collections.abc import Iterator

import pytest

from cloud.api import connections
from tests.conftest import RunningApi

HEAD = b"POST /v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_LIMIT_S", 0.5)
    monkeypatch.setattr(connections, "BODY_SPAN_S", 0.5)


@pytest.fixture
def connection(api: RunningApi) -> Iterator[socket.socket]:
    host, port = api.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as opened:
        yield opened


def _all_of(connection: socket.socket) -> bytes:
    answer = b""
    while received := connection.recv(65_536):
        answer += received
    return answer


@pytest.mark.parametrize("beginning", [b"", b"GET /healthz HT", HEAD, HEAD + b"\r\n", HEAD + b'\r\n{"username": '])
def test_a_request_that_stops_is_ended(connection: socket.socket, beginning: bytes) -> None:
    connection.sendall(beginning)
    answer = _all_of(connection)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"too_slow" in answer


@pytest.mark.parametrize("beginning", [b"GET /healthz HTTP/1.1\r\nX: ", HEAD + b"\r\n"], ids=["head", "body"])
def test_a_drop_now_and_then_does_not_keep_a_connection(connection: socket.socket, beginning: bytes) -> None:
    connection.sendall(beginning)
    deadline = time.monotonic() + 15
    connection.settimeout(0.1)
    answer = b""
    while not answer:
        assert time.monotonic() < deadline
        try:
            connection.sendall(b"x")
            answer = connection.recv(100)
        except TimeoutError:
            continue
        except ConnectionError:
            break
    assert answer.startswith(b"HTTP/1.1 408 ") or not answer


def test_a_body_that_comes_on_is_taken(connection: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_LEAST_BYTES", 1)
    connection.sendall(HEAD + b"Connection: close\r\n\r\n")
    for _ in range(10):
        connection.sendall(b" " * 500)
        time.sleep(0.2)

    assert _all_of(connection).startswith(b"HTTP/1.1 4")  # an answer of the route: this is no JSON


def test_a_wait_between_requests_is_no_mistake(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_LIMIT_S", 1.5)
    connection = http.client.HTTPConnection(api.url.removeprefix("http://"), timeout=20)
    connection.connect()
    first = connection.sock
    for _ in range(2):
        connection.request("GET", "/healthz")
        with connection.getresponse() as answer:
            assert (answer.status, answer.read()) == (200, b'{"status":"ok"}')
        assert connection.sock is first
        time.sleep(2)
    connection.close()
