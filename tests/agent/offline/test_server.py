"""The server as the real Anthropic client meets it."""

from collections.abc import AsyncIterator
from typing import Any

import anthropic
import httpx2
import pytest

from cloud.agent.offline.server import serve_offline_modeller

TOOLS: Any = [
    {"name": name, "description": name, "input_schema": {"type": "object", "properties": {}}}
    for name in ("run_python", "look", "inspect", "finish")
]
MODEL = "offline-modeller"


@pytest.fixture
async def base_url() -> AsyncIterator[str]:
    async with serve_offline_modeller() as url:
        yield url


@pytest.fixture
async def client(base_url: str) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(api_key="none", base_url=base_url, max_retries=0) as made:
        yield made


def ask(prompt: str) -> Any:
    scene = {"type": "text", "text": "<scene>empty</scene>"}
    return [{"role": "user", "content": [scene, {"type": "text", "text": prompt}]}]


async def test_stream_and_whole_message_agree(client: anthropic.AsyncAnthropic) -> None:
    whole = await client.messages.create(model=MODEL, max_tokens=9, messages=ask("a red chair"), tools=TOOLS)
    kinds: list[str] = []
    async with client.messages.stream(model=MODEL, max_tokens=9, messages=ask("a red chair"), tools=TOOLS) as stream:
        async for event in stream:
            kinds.append(event.type)
        streamed = await stream.get_final_message()
        assert stream.request_id
    assert [block.to_dict() for block in streamed.content] == [block.to_dict() for block in whole.content]
    assert (streamed.stop_reason, streamed.usage.output_tokens) == ("tool_use", whole.usage.output_tokens)
    assert kinds.count("input_json") > 1


async def test_conversation_over_the_wire_ends_in_finish(client: anthropic.AsyncAnthropic) -> None:
    messages = ask("a mug on a table")
    called = []
    for _ in range(12):
        async with client.messages.stream(model=MODEL, max_tokens=9, messages=messages, tools=TOOLS) as stream:
            message = await stream.get_final_message()
        (use,) = [block for block in message.content if block.type == "tool_use"]
        called.append(use.name)
        if use.name == "finish":
            assert use.input["built"] is True
            break
        messages.append({"role": "assistant", "content": [block.to_dict() for block in message.content]})
        result = {"type": "tool_result", "tool_use_id": use.id, "content": [{"type": "text", "text": "ok"}]}
        messages.append({"role": "user", "content": [result]})
    assert called == ["run_python", "run_python", "run_python", "look", "finish"]


async def test_models_are_listed_and_tokens_counted(client: anthropic.AsyncAnthropic) -> None:
    assert [model.id async for model in client.models.list()] == [MODEL]
    assert (await client.models.retrieve(MODEL)).id == MODEL
    assert (await client.messages.count_tokens(model=MODEL, messages=ask("a chair"))).input_tokens > 5


async def test_other_model_is_not_found(client: anthropic.AsyncAnthropic) -> None:
    with pytest.raises(anthropic.NotFoundError, match="offline-modeller"):
        await client.messages.create(model="claude-none", max_tokens=9, messages=ask("a chair"))


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b'{"model": "offline-modeller"}', b'{"model": "offline-modeller", "messages": [3]}',
        b'{"model": "offline-modeller", "messages": [{"role": "user", "content": [7]}]}',
        b'{"model": "offline-modeller", "messages": [{"role": "user", "content": "x"}], "tools": 5}',
    ],
)  # fmt: skip
async def test_malformed_request_gets_an_error_in_anthropics_shape(base_url: str, body: bytes) -> None:
    async with httpx2.AsyncClient() as http:
        answer = await http.post(f"{base_url}/v1/messages", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_unknown_address_gets_an_error_in_anthropics_shape(base_url: str) -> None:
    async with httpx2.AsyncClient() as http:
        answer = await http.get(f"{base_url}/v2/none")
    assert (answer.status_code, answer.json()["type"]) == (404, "error")
