"""Whatever is sent to the MCP endpoint gets an answer, soon, and the pod works on."""

import asyncio
import json
import socket
from typing import Any

import httpx2
import pytest

from tests.blender.mcp_clients import ERAS, LEGACY, MODERN, call_message, connected, raw_headers
from tests.blender.pod_process import RunningPod

pytestmark = pytest.mark.blender

_ANSWER_LIMIT_S = 10
_LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
_NESTED = b'{"a":' * 100_000 + b"1" + b"}" * 100_000


def _inspect(arguments: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"inspect","arguments":' + arguments + b"}}"


_MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"hello {",
    "invalid UTF-8": _inspect(b'{"object":"\xff\xfe"}'),
    "half a character": _inspect(b'{"object":"\\ud800"}'),
    "UTF-16": json.dumps(_LIST | {"method": "x"}).encode("utf-16"),
    "null": b"null",
    "a number": b"5",
    "an empty batch": b"[]",
    "a batch": json.dumps([_LIST, _LIST]).encode(),
    "deep objects": _inspect(_NESTED),
    "deep arrays": b"[" * 1_000_000,
    "no version": json.dumps({"id": 1, "method": "tools/list"}).encode(),
    "another version": json.dumps(_LIST | {"jsonrpc": "1.0"}).encode(),
    "no method": json.dumps({"jsonrpc": "2.0", "id": 1}).encode(),
    "a method that is a number": json.dumps(_LIST | {"method": 5}).encode(),
    "an unknown method": json.dumps(_LIST | {"method": "tools/explode"}).encode(),
    "params in a list": json.dumps(_LIST | {"params": [1]}).encode(),
    "params in text": json.dumps(_LIST | {"params": "x"}).encode(),
    "id null": json.dumps(_LIST | {"id": None}).encode(),
    "id an object": json.dumps(_LIST | {"id": {"a": 1}}).encode(),
    "id a fraction": json.dumps(_LIST | {"id": 1.5}).encode(),
    "id a truth": json.dumps(_LIST | {"id": True}).encode(),
    "id of 100,000 digits": b'{"jsonrpc":"2.0","id":' + b"9" * 100_000 + b',"method":"tools/list"}',
    "a call without a name": json.dumps(_LIST | {"method": "tools/call", "params": {}}).encode(),
    "a name that is a number": json.dumps(call_message(5, {})).encode(),  # pyright: ignore[reportArgumentType]
    "arguments in a list": _inspect(b"[1]"),
    "an argument of 5,000 digits": _inspect(b'{"page":' + b"9" * 5_000 + b"}"),
    "not a number": _inspect(b'{"page":NaN}'),
    "infinity": _inspect(b'{"page":1e999}'),
    "an unknown tool": json.dumps(call_message("explode", {})).encode(),
    "a progress token that is none": json.dumps(call_message("inspect", {}, progressToken={"a": 1})).encode(),
    "a cursor of nowhere": json.dumps(_LIST | {"params": {"cursor": "x"}}).encode(),
    "a resource of nowhere": json.dumps(_LIST | {"method": "resources/read", "params": {"uri": "x"}}).encode(),
    "an initialisation without params": json.dumps(_LIST | {"method": "initialize"}).encode(),
    "9 MiB": json.dumps(call_message("run_python", {"code": "#" * 9 * 2**20})).encode(),
    "80 MiB": b"x" * (80 * 2**20),
}


def _error_in(answer: httpx2.Response) -> dict[str, Any]:
    """The JSON-RPC error, or the failed result, of an answer in plain JSON or as an event."""
    text = answer.text
    if "text/event-stream" in answer.headers["content-type"]:
        text = next(line for line in text.splitlines() if line.startswith("data:")).removeprefix("data:")
    message = json.loads(text)
    result = message.get("result") or {}
    return message.get("error") or (result["structuredContent"]["error"] if result.get("isError") else {})


async def _post(pod: RunningPod, body: bytes, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(timeout=_ANSWER_LIMIT_S, trust_env=False) as http:
        return await http.post(f"{pod.base_url}/mcp", content=body, headers=raw_headers(pod, **headers))


@pytest.mark.parametrize("version", [LEGACY, MODERN])
@pytest.mark.parametrize("what", _MALFORMED)
async def test_a_malformed_message_gets_an_error(pod: RunningPod, what: str, version: str) -> None:
    error = _error_in(await _post(pod, _MALFORMED[what], MCP_Protocol_Version=version))
    assert 0 < len(error.get("message", "")) < 300


@pytest.mark.parametrize("version", [LEGACY, MODERN])
async def test_too_long_a_request_is_a_413_with_a_problem_document(pod: RunningPod, version: str) -> None:
    answer = await _post(pod, _MALFORMED["9 MiB"], MCP_Protocol_Version=version)
    assert answer.status_code == 413
    assert _error_in(answer)["data"]["status"] == 413
    assert "longer than 8 MiB" in _error_in(answer)["data"]["detail"]


async def test_a_step_of_seven_mebibytes_runs(pod: RunningPod) -> None:
    async with connected(pod) as client:
        result = await client.call_tool("run_python", {"code": "#" * (7 * 2**20) + "\nprint('ran')"})
    assert "ran" in result.structured_content["stdout"]


@pytest.mark.parametrize("verb", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW"])
async def test_another_verb_is_told_which_to_use(pod: RunningPod, verb: str) -> None:
    async with httpx2.AsyncClient(timeout=_ANSWER_LIMIT_S, trust_env=False) as http:
        answer = await http.request(verb, f"{pod.base_url}/mcp", headers=raw_headers(pod))
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Accept", "text/html", 406),
        ("Content-Type", "text/plain", 400),
        ("MCP-Protocol-Version", "1999-01-01", 400),
        ("Mcp-Session-Id", "of-another-server", 404),
        ("Mcp-Session-Id", "0" * 64, 404),
        ("Mcp-Session-Id", "x" * 5_000, 404),
        ("Authorization", "Bearer x", 401),
    ],
)
async def test_a_wrong_header_is_refused(pod: RunningPod, header: str, value: str, status: int) -> None:
    assert (await _post(pod, json.dumps(_LIST).encode(), **{header: value})).status_code == status


async def test_ids_of_any_length_and_twice_the_same_come_back_as_they_are(pod: RunningPod) -> None:
    ids: list[Any] = [10**400, "x" * 100_000, "", -1, 7, 7, 7]
    bodies = [json.dumps(call_message("inspect", {}, request_id)).encode() for request_id in ids]
    answers = await asyncio.gather(*[_post(pod, body) for body in bodies])
    for request_id, answer in zip(ids, answers, strict=True):
        data = next(line for line in answer.text.splitlines() if line.startswith("data:"))
        message = json.loads(data.removeprefix("data:"))
        assert message["id"] == request_id
        assert "result" in message


@pytest.mark.parametrize("mode", ERAS)
async def test_what_user_code_prints_arrives_as_clean_json(pod: RunningPod, mode: str) -> None:
    code = "print(chr(0xD800), chr(0), chr(0x1F600))\nbpy.data.objects.new(chr(1), None)"
    async with connected(pod, mode) as client:
        result = await client.call_tool("run_python", {"code": code})
    assert "? \0 😀" in result.structured_content["stdout"]


async def test_the_pod_works_on_after_clients_that_send_half_a_request(pod: RunningPod) -> None:
    host, port = pod.base_url.removeprefix("http://").split(":")
    head = f"POST /mcp HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {pod.bearer()}\r\n"
    halves = [b"POST", head.encode(), head.encode() + b"Content-Length: 100\r\n\r\n{", b"\0\xff\r\n\r\n"]
    half_sent = [socket.create_connection((host, int(port))) for _ in range(20)]
    try:
        for number, connection in enumerate(half_sent):
            connection.sendall(halves[number % len(halves)])
        async with asyncio.timeout(_ANSWER_LIMIT_S), connected(pod) as client:
            assert not (await client.call_tool("inspect", {})).is_error
    finally:
        for connection in half_sent:
            connection.close()
    async with asyncio.timeout(_ANSWER_LIMIT_S), connected(pod) as client:
        assert not (await client.call_tool("inspect", {})).is_error
