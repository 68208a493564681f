"""What every answer tells browsers, and that no answer tells of our code."""

import socket

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from cloud.api.headers import HEADERS, SecureHeaders
from tests.conftest import RunningApi


def _raw(api: RunningApi, request: bytes) -> bytes:
    host, port = api.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        while received := connection.recv(65_536):
            answer += received
    return answer


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/docs", 200),
        ("GET", "/v1/me", 401),
        ("GET", "/nowhere", 404),
        ("DELETE", "/v1/users", 405),
        ("POST", "/v1/users", 422),
        ("OPTIONS", "/v1/me", 405),
    ],
)
def test_every_answer_has_the_headers(anybody: httpx2.Client, method: str, path: str, status: int) -> None:
    answer = anybody.request(method, path)

    assert answer.status_code == status
    own = {"Content-Security-Policy", "Cache-Control"} if path == "/docs" else set()
    for name, value in HEADERS.items():
        assert answer.headers[name] == value or name in own, name
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "Server" not in answer.headers
    assert "Strict-Transport-Security" not in answer.headers  # over http it means nothing


def test_a_file_of_a_user_is_no_page_in_our_origin(ada: httpx2.Client, project: str, png: bytes) -> None:
    image = ada.post(f"/v1/projects/{project}/images", content=png, params={"name": 'ä"b\r\nX: y.svg'}).json()
    answer = ada.get(f"/v1/artifacts/{image['id']}/content")

    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert answer.headers["Content-Security-Policy"].endswith("sandbox")
    assert answer.headers["Cache-Control"].startswith("private")
    assert "X" not in answer.headers


def test_a_stream_has_the_headers(ada: httpx2.Client, project: str) -> None:
    with ada.stream("GET", f"/v1/projects/{project}/events") as answer:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"NONSENSE\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 40_000, b"431"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 9_000, b"431"),
        (b"POST /v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", b"400"),
        (b"POST /v1/users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n", b"400"),
        (b"POST /v1/users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", b"501"),
    ],
    ids=["nonsense", "long", "many", "negative", "chunk", "coding"],
)
def test_what_is_no_request_is_answered_as_a_problem(api: RunningApi, request_: bytes, status: bytes) -> None:
    head, _, body = _raw(api, request_).partition(b"\r\n\r\n")

    assert head.split()[1] in (status, b"400")
    assert b"application/problem+json" in head
    assert b"nosniff" in head
    assert b"Traceback" not in body
    assert b".py" not in body


def test_a_compressed_body_is_refused(ada: httpx2.Client) -> None:
    answer = ada.post("/v1/projects", content=b"\x1f\x8b" + bytes(50), headers={"Content-Encoding": "gzip"})

    assert answer.status_code == 415
    assert answer.json()["code"] == "compressed_body"


def _broken_app() -> FastAPI:
    app = FastAPI()

    @app.get("/early")
    def early() -> None:
        raise RuntimeError("the secret of the stack")

    @app.get("/late")
    def late() -> StreamingResponse:
        def chunks() -> object:
            yield b"begun"
            raise RuntimeError("the secret of the stack")

        return StreamingResponse(chunks())  # type: ignore[arg-type]

    return app


@pytest.mark.parametrize("path", ["/early", "/late"])
async def test_a_mistake_of_ours_says_nothing_of_itself(path: str) -> None:
    transport = httpx2.ASGITransport(SecureHeaders(_broken_app()), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="https://x") as client:
        answer = await client.get(path)

    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


async def test_where_even_the_outermost_part_breaks_the_answer_is_a_problem() -> None:
    async def broken(_scope: object, _receive: object, _send: object) -> None:
        raise RuntimeError("the secret of the stack")

    transport = httpx2.ASGITransport(SecureHeaders(broken), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.get("/")

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "secret" not in answer.text


def test_the_page_of_docs_needs_no_other_server(anybody: httpx2.Client) -> None:
    page = anybody.get("/docs").text

    assert "GET /v1/me" in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "src=" not in page
    assert "@import" not in page
