"""The Messages client against bytes that no API should send: it retries, gives up with a sentence, never crashes."""

import asyncio
import gzip
import json
import logging
import traceback

import pytest

from cloud.agent.client import CallOptions
from cloud.agent.incoming import INVALID_JSON
from cloud.agent.model_errors import ModelError
from tests.agent.wire import (
    END,
    GOOD,
    HELLO,
    KEY,
    START,
    STOPPED,
    Asked,
    ask,
    event,
    http,
    text_block,
    tool_block,
    wire,
)

BROKEN = {
    "nothing at all": b"",
    "half a status line": b"HTTP/1.1 2",
    "no body": http(b""),
    "HTML with 200": http(b"<html><body>Sign in to the hotel's network</body></html>", media_type="text/html"),
    "HTML with 502": http(b"<html>Bad gateway</html>", status="502 Bad Gateway", media_type="text/html"),
    "a JSON error with 529": http(b'{"error": {"type": "overloaded_error"}}', status="529 Overloaded"),
    "half of a JSON error": http(b'{"error": {"ty', status="500 Oops", media_type="application/json"),
    "an error of another shape": http(b'{"error": {"message": {"a": 1}}}', status="503 Gone", media_type="text/plain"),
    "a chunk that ends too early": http(b"ff\r\nevent: mess", head="transfer-encoding: chunked\r\n"),
    "gzip that is none": http(b"no gzip", head="content-encoding: gzip\r\n"),
    "gzip cut off": http(gzip.compress(START * 40)[:60], head="content-encoding: gzip\r\n"),
    "gzip that is none, in an error": http(b"no gzip", status="500 Oops", head="content-encoding: gzip\r\n"),
    "data that is no JSON": http(START + b"event: content_block_delta\ndata: {not json}\n\n"),
    "data that is a list": http(START + b"event: content_block_delta\ndata: []\n\n"),
    "data that is no UTF-8": http(START + b"event: content_block_delta\ndata: \xff\xfe\n\n"),
    "data too deep": http(START + b"event: x\ndata: " + b"[" * 100_000 + b"\n\n"),
    "a delta without a block": http(START + event("content_block_delta", index=3, delta={"type": "text_delta"})),
    "a delta of the wrong shape": http(START + text_block("a") + event("content_block_delta", index=0, delta=[1])),
    "a start without a message": http(event("message_start")),
    "cut off in the middle": http(START + text_block("I beg")),
    "cut off right after the start": http(START),
    "an error event without JSON": http(START + b"event: error\ndata: oops\n\n"),
    "an overload in the middle": http(START + text_block("I") + event("error", error={"type": "overloaded_error"})),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_what_cannot_be_read_is_asked_again(broken: bytes) -> None:
    seen = Asked()
    async with wire(broken, GOOD) as running:
        reply = await ask(running, seen)
    assert reply.content == [{"type": "text", "text": "Here."}]
    assert len(seen.waits) == 1
    assert [cost.tokens.input_tokens for cost in seen.cut_offs] == ([100] if START in broken else [])


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_what_stays_unreadable_ends_with_a_sentence(broken: bytes) -> None:
    async with wire(broken, broken) as running:
        with pytest.raises(ModelError) as caught:
            await ask(running, Asked(), attempts=2)
    assert caught.value.code in ("model_unreachable", "model_reply_invalid", "model_unavailable")
    assert str(caught.value).endswith(".")
    assert "<" not in str(caught.value)


async def test_page_of_a_proxy_is_told_from_a_messages_api() -> None:
    page = BROKEN["HTML with 200"]
    async with wire(page, page) as running:
        with pytest.raises(ModelError, match=r"does not speak the Messages API \(it sent text/html"):
            await ask(running, Asked(), attempts=2)


async def test_reply_without_its_last_event_is_whole() -> None:
    seen = Asked()
    async with wire(http(START + text_block("Here.") + STOPPED)) as running:
        reply = await ask(running, seen)
    assert (reply.content[0]["text"], reply.stop_reason, reply.tokens.output_tokens) == ("Here.", "end_turn", 7)
    assert seen.cut_offs == []


async def test_events_and_blocks_of_a_later_api_are_let_through() -> None:
    thinking = {"type": "redacted_thinking", "data": "abc", "new": {"a": None}}
    later = (
        event("content_block_start", index=0, content_block=thinking)
        + event("content_block_delta", index=0, delta={"type": "new_delta", "x": 1})
        + event("content_block_stop", index=0)
        + event("news", what="ever")
        + text_block("Here.", 1)
    )
    async with wire(http(START + later + END)) as running:
        reply = await ask(running, Asked())
    assert reply.content == [thinking, {"type": "text", "text": "Here."}]


async def test_thinking_keeps_its_signature() -> None:
    block = (
        event("content_block_start", index=0, content_block={"type": "thinking", "thinking": "", "signature": ""})
        + event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "Hm"})
        + event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "m."})
        + event("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "s1g"})
    )
    async with wire(http(START + block + END)) as running:
        reply = await ask(running, Asked())
    assert reply.content == [{"type": "thinking", "thinking": "Hmm.", "signature": "s1g"}]


@pytest.mark.parametrize(
    ("pieces", "given"),
    [
        (("",), {}),
        (('{"views": ["fr', 'ont"]}'), {"views": ["front"]}),
        (('{"code": "x = ',), {INVALID_JSON: '{"code": "x = '}),
        (("{'a': 1}",), {INVALID_JSON: "{'a': 1}"}),
        (("[1, 2]",), {INVALID_JSON: "[1, 2]"}),
        (('{"x": NaN}',), {INVALID_JSON: '{"x": NaN}'}),
        (('{"x": 1e999}',), {INVALID_JSON: '{"x": 1e999}'}),
        (('{"x": "\\ud83d\\ude00 \\ud800"}',), {"x": "😀 \ufffd"}),
    ],
    ids=["empty", "whole", "cut off", "no JSON", "no object", "NaN", "infinite", "half a pair"],
)
async def test_tool_input_arrives_whole_or_marked_as_malformed(pieces: tuple[str, ...], given: object) -> None:
    seen = Asked()
    async with wire(http(START + tool_block(*pieces) + END), GOOD) as running:
        reply = await ask(running, seen)
        assert reply.content[0]["input"] == given
        # It can go back.
        await ask(running, seen, messages=[*HELLO, {"role": "assistant", "content": reply.content}])
    assert seen.waits == []


async def test_tool_input_is_invalid_json_to_any_depth() -> None:
    async with wire(http(START + tool_block('{"a":' + "[" * 100_000) + END)) as running:
        reply = await ask(running, Asked())
    assert list(reply.content[0]["input"]) == [INVALID_JSON]


async def test_server_that_falls_silent_is_asked_again() -> None:
    seen = Asked()
    async with wire(http(START + text_block("I")), http(START + text_block("I")), keep_open=True) as running:
        with pytest.raises(ModelError, match="broke off"):
            await ask(running, seen, attempts=2, read_timeout_s=0.2)
    assert [reason for reason, _ in seen.waits] == ["connection"]
    assert len(seen.cut_offs) == 2


async def test_server_that_only_pings_is_asked_again() -> None:
    seen = Asked()
    silent = http(START + event("ping") * 3)
    async with wire(silent, silent, keep_open=True) as running:
        with pytest.raises(ModelError, match="broke off"):
            await ask(running, seen, attempts=2, silence_limit_s=0.2)
    assert len(seen.waits) == 1


async def test_connection_that_stays_open_after_the_reply_holds_nobody_up() -> None:
    async with wire(GOOD, keep_open=True) as running:
        async with asyncio.timeout(30):
            reply = await ask(running, Asked())
    assert reply.stop_reason == "end_turn"


SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}}}


def refusal(said: str) -> bytes:
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": said}}
    return http(json.dumps(body).encode(), status="400 Bad Request", media_type="application/json")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("output_config: Extra inputs are not permitted", {"cache_control"}),
        ("output_config.effort: Extra inputs are not permitted", {"cache_control", "format"}),
        ("This model does not support the effort parameter.", {"cache_control", "format"}),
        ("output_config.format is not supported", {"cache_control", "effort"}),
        ("system.0.cache_control: unknown field", {"effort", "format"}),
    ],
    ids=["output_config", "effort", "effort of a model", "format", "cache"],
)
async def test_part_that_a_server_does_not_know_is_left_out(said: str, kept: set[str]) -> None:
    seen = Asked()
    answer = http(START + text_block('```json\n{"ok": true}\n```') + END)
    marked = [{"role": "user", "content": [{**HELLO[0]["content"][0], "cache_control": {"type": "ephemeral"}}]}]
    async with wire(refusal(said), answer) as running:
        options = CallOptions(effort="high", schema=SCHEMA)
        reply = await ask(running, seen, messages=marked, options=options)
    request = running.requests[-1]
    sent = {*request.get("output_config", {})} | ({"cache_control"} if "cache_control" in str(request) else set())
    assert sent == kept
    assert seen.waits == []
    if "format" not in kept:
        assert json.dumps(SCHEMA) in request["system"][-1]["text"]
        assert reply.content == [{"type": "text", "text": '{"ok": true}'}]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("prompt is too long: 213000 tokens > 200000 maximum", "context_exceeded"),
        ("input length and `max_tokens` exceed context limit: 190000 + 16000 > 200000", "context_exceeded"),
        ("Your credit balance is too low to access the Anthropic API.", "model_billing"),
        ("messages.1.content.0: Expected `thinking`, but found `text`; unexpected", "model_request_refused"),
        ("output_config.format.schema: 'maximum' is not supported", "model_request_refused"),
        (f"the key {KEY} is odd", "model_request_refused"),
        ("x" * 2_000, "model_request_refused"),
    ],
    ids=["too long", "too long with the answer", "no credit", "thinking blocks", "schema", "key", "long"],
)
async def test_what_the_api_said_leads_to_the_right_code(said: str, code: str) -> None:
    async with wire(refusal(said)) as running:
        with pytest.raises(ModelError) as caught:
            await ask(running, Asked(), options=CallOptions(effort="high", schema=SCHEMA))
    assert caught.value.code == code
    assert len(running.requests) == 1
    assert len(str(caught.value)) < 500
    assert KEY not in "".join(traceback.format_exception(caught.value))


async def test_too_large_a_request_says_so() -> None:
    async with wire(http(b"", status="413 Too Large")) as running:
        with pytest.raises(ModelError, match="fewer or smaller pictures") as caught:
            await ask(running, Asked())
    assert caught.value.code == "request_too_large"


async def test_users_own_key_that_is_refused_is_told_from_the_systems(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = {"type": "error", "error": {"type": "authentication_error", "message": f"invalid x-api-key {KEY}"}}
    refused = http(json.dumps(body).encode(), status="401 No", media_type="application/json")
    async with wire(refused) as running:
        with pytest.raises(ModelError, match="prompt2mesh key set") as caught:
            await ask(running, Asked(), key_owner="user")
    assert caught.value.code == "model_key_refused"
    assert KEY not in "".join(traceback.format_exception(caught.value)) + caplog.text
