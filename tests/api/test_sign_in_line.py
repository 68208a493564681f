"""The line of those who are not signed in yet, at a real server's door."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

from cloud.api.connections import connections_of
from cloud.api.sign_in_line import SignInLine

SIGN_IN = b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
PROJECTS = b"GET /v1/projects HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def _app(scope: Any, receive: Any, send: Any) -> None:
    """Answers 200 with the request's body."""
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def _serving(line: SignInLine) -> AsyncIterator[Callable[..., Any]]:
    config = Config(_app, http=connections_of(line), log_config=None)
    config.load()
    loop = asyncio.get_running_loop()
    connection = connections_of(line)
    server = await loop.create_server(lambda: connection(config, ServerState(), {}), "127.0.0.1", 0)

    async def answer(*parts: bytes) -> tuple[int, bytes, bytes]:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.05)
        head, _, body = (await asyncio.wait_for(reader.read(), 20)).partition(b"\r\n\r\n")
        writer.close()
        return int(head.split()[1]), head, body

    try:
        yield answer
    finally:
        server.close()


class _FullLine(SignInLine):
    def join(self, begin: Callable[[], None]) -> bool:
        return False


async def test_all_who_wait_in_line_are_let_in_in_turn() -> None:
    async with _serving(SignInLine()) as answer:
        answers = await asyncio.gather(*(answer(SIGN_IN) for _ in range(40)))
        assert (await answer(SIGN_IN[:-2], SIGN_IN[-2:]))[::2] == (200, b"{}")

    assert {one[::2] for one in answers} == {(200, b"{}")}


async def test_who_finds_the_line_full_is_told_when_to_come_again_and_others_pass() -> None:
    async with _serving(_FullLine()) as answer:
        status, head, body = await answer(SIGN_IN)
        assert (await answer(PROJECTS))[0] == 200

    assert status == 429
    assert b"\r\nRetry-After: 5\r\n" in head
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (429, "sign_in_busy")
    assert "try again in 5 seconds" in problem["detail"]


async def test_body_that_looks_like_a_sign_in_is_none() -> None:
    head = PROJECTS.replace(b"GET", b"PUT").replace(b"Host", b"Content-Length: %d\r\nHost" % len(SIGN_IN))
    async with _serving(_FullLine()) as answer:
        assert (await answer(head, SIGN_IN))[::2] == (200, SIGN_IN)


async def test_line_is_no_longer_than_its_places_and_moves_on_each_turn() -> None:
    line, begun = SignInLine(), []
    joined = [line.join(lambda number=number: begun.append(number)) for number in range(300)]

    assert joined == [True] * 256 + [False] * 44
    await asyncio.sleep(0)
    assert begun == [0, 1]
    for _ in range(128):
        await asyncio.sleep(0)
    assert begun == list(range(256))
    assert line.join(lambda: begun.append(-1))
