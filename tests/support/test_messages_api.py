"""The running stand-in: its stream, its bill, its cache and its faults, seen through the real SDK."""

import asyncio
from typing import Any

import anthropic
import httpx2
import pytest

from tests.support.messages_api import caching, tokens
from tests.support.messages_api.caching import CacheUse, PromptCache
from tests.support.messages_api.models import KnownModel
from tests.support.messages_api.replies import ERROR_KINDS, Broken, Fault, Reply, TokenUse, calls, says
from tests.support.messages_api.server import MAX_BODY_BYTES, MessagesApi, messages_api

MODEL = KnownModel("claude-sonnet-5-5")
LONG = "word " * 2000
EPHEMERAL = {"type": "ephemeral"}
LOOK: Any = {"name": "look", "input_schema": {"type": "object"}}
HELLO: Any = [{"role": "user", "content": "Hello"}]


def sdk(api: MessagesApi, key: str = "k") -> anthropic.AsyncAnthropic:
    """A client of the stand-in that tries once."""
    return anthropic.AsyncAnthropic(api_key=key, base_url=api.base_url, max_retries=0)


async def ask(api: MessagesApi, messages: Any = HELLO, **more: Any) -> Any:
    """One streamed message."""
    async with (
        sdk(api) as client,
        client.messages.stream(model=MODEL.id, max_tokens=50, messages=messages, **more) as stream,
    ):
        return await stream.get_final_message()


async def test_stream_gives_every_kind_of_block_back() -> None:
    async with messages_api(calls(("look", {"view": "é"}), text="I look.", thinking="Which view?")) as api:
        message = await ask(api, tools=[LOOK])
    assert [block.to_dict() for block in message.content] == [
        {"type": "thinking", "thinking": "Which view?", "signature": "sign_1="},
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "call_1", "name": "look", "input": {"view": "é"}},
    ]
    assert message.stop_reason == "tool_use"


async def test_bill_is_what_the_wire_said() -> None:
    async with messages_api(says("Hello."), Reply([], "end_turn", TokenUse(5, 6, 7, 8))) as api:
        first, second = await ask(api), await ask(api)
        total = api.ledger.total
    assert first.usage.input_tokens == tokens.of_text("Hello") + tokens.MESSAGE_TOKENS
    assert first.usage.output_tokens == tokens.of_text("Hello.")
    assert (second.usage.cache_read_input_tokens, second.usage.cache_creation_input_tokens) == (7, 8)
    assert total == TokenUse(first.usage.input_tokens + 5, first.usage.output_tokens + 6, 7, 8)


async def test_request_without_streaming_gets_one_body() -> None:
    async with messages_api(says("Hello.")) as api, sdk(api) as client:
        message = await client.messages.create(model=MODEL.id, max_tokens=50, messages=HELLO)
    assert message.content[0].to_dict() == {"type": "text", "text": "Hello."}


async def test_count_is_what_a_call_is_billed() -> None:
    async with messages_api(says("Hello.")) as api, sdk(api) as client:
        counted = await client.messages.count_tokens(model=MODEL.id, messages=HELLO, tools=[LOOK], system="Be kind.")
        message = await ask(api, tools=[LOOK], system="Be kind.")
    assert counted.input_tokens == message.usage.input_tokens


async def test_models_have_their_limits() -> None:
    async with messages_api() as api, sdk(api) as client:
        facts = await client.models.retrieve(MODEL.id)
        listed = [model.id async for model in client.models.list()]
        with pytest.raises(anthropic.NotFoundError):
            await client.models.retrieve("claude-9")
    assert (facts.max_input_tokens, facts.max_tokens) == (MODEL.max_input_tokens, MODEL.max_tokens)
    assert facts.capabilities is not None
    assert facts.capabilities.thinking.types.adaptive.supported
    assert MODEL.id in listed


async def test_refusals_are_counted_and_cost_nothing() -> None:
    async with messages_api(says("."), key="right") as api:
        with pytest.raises(anthropic.AuthenticationError):
            await ask(api)
        async with sdk(api, "right") as client:
            with pytest.raises(anthropic.BadRequestError, match="non-empty"):
                await client.messages.create(model=MODEL.id, max_tokens=5, messages=[{"role": "user", "content": ""}])
            with pytest.raises(anthropic.NotFoundError):
                await client.messages.create(model="claude-9", max_tokens=5, messages=HELLO)
    assert api.invalid_requests == 1
    assert api.ledger.bills == []
    assert len(api.script) == 1  # pyright: ignore[reportArgumentType]


async def test_request_without_version_or_over_the_size_is_refused() -> None:
    async with messages_api() as api, httpx2.AsyncClient(base_url=api.base_url) as http:
        unversioned = await http.post("/v1/messages", headers={"x-api-key": "k"}, json={})
        headers = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
        huge = await http.post("/v1/messages", headers=headers, content=b" " * (MAX_BODY_BYTES + 1))
        no_json = await http.post("/v1/messages", headers=headers, content=b"{")
    assert [unversioned.status_code, huge.status_code, no_json.status_code] == [400, 413, 400]
    assert huge.json()["error"]["type"] == "request_too_large"


async def test_fault_is_the_error_of_its_status() -> None:
    faults = [Fault(status, headers={"retry-after": "7"}) for status in ERROR_KINDS]
    async with messages_api(*faults) as api:
        for fault in faults:
            with pytest.raises(anthropic.APIStatusError) as error:
                await ask(api)
            assert error.value.status_code == fault.status
            assert error.value.type == fault.error_kind
            assert error.value.response.headers["retry-after"] == "7"
    assert api.invalid_requests == 0


async def test_broken_stream_bills_what_it_told() -> None:
    by_all: tuple[Any, ...] = ("reset", "close", "end", "overloaded_error", "garbage")
    at_all: tuple[Any, ...] = ("start", "block", "blocks", "delta")
    breaks = [Broken(at, by, says("Hello there.")) for at in at_all for by in by_all]
    breaks += [Broken("before", "reset"), Broken("before", "close")]
    async with messages_api(*breaks) as api:
        for broken in breaks:
            api.ledger.bills.clear()
            usage = await hear_broken(api)
            told = TokenUse(usage.input_tokens, usage.output_tokens) if usage else TokenUse()
            assert api.ledger.total == told, broken
            assert (broken.at == "before") == (usage is None), broken


async def hear_broken(api: MessagesApi) -> Any:
    """The usage that a stream told before it broke; None: it told none."""
    usage = None
    try:
        async with (
            sdk(api) as client,
            client.messages.stream(model=MODEL.id, max_tokens=50, messages=HELLO) as stream,
        ):
            async for event in stream:
                assert event.type != "message_stop"
                usage = stream.current_message_snapshot.usage
    except (anthropic.AnthropicError, httpx2.TransportError, ValueError):
        return usage  # how a break shows is the client's matter; what was heard before is ours
    return usage


@pytest.mark.parametrize("at", ["before", "start", "block"])
async def test_hang_goes_on_until_the_client_leaves(at: Any) -> None:
    broken = Broken(at, "hang")
    async with messages_api(broken) as api:
        asking = asyncio.create_task(ask(api))
        await asyncio.wait_for(broken.began.wait(), 20)
        assert not asking.done()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_faults_come_before_the_reply_they_are_set_for() -> None:
    faults = {2: [Fault(529), Broken("start", "end")]}
    async with messages_api(answering=lambda body: says("Here."), faults=faults) as api:
        await ask(api)
        with pytest.raises(anthropic.APIStatusError):
            await ask(api)
        assert (await ask(api)).stop_reason is None
        assert (await ask(api)).content[0].text == "Here."
    assert api.replied == 2


async def test_tool_input_may_break_off() -> None:
    cut = {"type": "tool_use", "name": "look", "input_json": '{"view": "fro'}
    async with messages_api(Reply([cut], "max_tokens")) as api:
        message = await ask(api, tools=[LOOK])
    assert message.stop_reason == "max_tokens"
    assert message.content[0].name == "look"


def prompt(*turns: str, marked: tuple[int, ...] = (), system: str = LONG) -> dict[str, Any]:
    """A request with these turns, user first, and cache marks on some of them and on the system prompt."""
    messages: list[Any] = []
    for index, words in enumerate(turns):
        mark = {"cache_control": EPHEMERAL} if index in marked else {}
        messages.append(
            {"role": ("user", "assistant")[index % 2], "content": [{"type": "text", "text": words, **mark}]}
        )
    return {"system": [{"type": "text", "text": system, "cache_control": EPHEMERAL}], "messages": messages}


class Clock:
    """Seconds that a test sets."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_prefix_is_written_once_and_read_after() -> None:
    cache, body = PromptCache(Clock()), prompt("a" * 35, marked=(0,))
    assert cache.use(body, MODEL) == CacheUse(0, 0, caching.count(body))
    longer = prompt("a" * 35, "b" * 35, "c" * 35, marked=(0, 2))
    used = cache.use(longer, MODEL)
    assert used == CacheUse(0, caching.count(body), caching.count(longer) - caching.count(body))
    assert used.total == caching.count(longer)


def test_unmarked_tail_is_not_cached() -> None:
    cache, body = PromptCache(Clock()), prompt("a" * 35)
    assert cache.use(body, MODEL).fresh == 10 + tokens.MESSAGE_TOKENS
    assert cache.use(body, MODEL) == CacheUse(14, caching.count(body) - 14, 0)


def test_short_prefix_is_not_cached() -> None:
    cache, body = PromptCache(Clock()), prompt("a", marked=(0,), system="Short.")
    assert cache.use(body, MODEL).written == 0
    assert cache.use(body, MODEL).read == 0


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"tools": [LOOK]}, "nothing"),
        ({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}, "nothing"),
        ({"thinking": {"type": "adaptive"}}, "system"),
        ({"output_config": {"effort": "low"}}, "system"),
    ],
    ids=["tools", "format", "thinking", "effort"],
)
def test_change_loses_what_comes_after_it(change: dict[str, Any], kept: str) -> None:
    cache, body = PromptCache(Clock()), prompt("a" * 35, marked=(0,))
    cache.use(body, MODEL)
    used = cache.use({**body, **change}, MODEL)
    assert used.read == (tokens.of_text(LONG) if kept == "system" else 0)


def test_entry_ends_five_minutes_after_its_last_use() -> None:
    clock = Clock()
    cache, body = PromptCache(clock), prompt("a", marked=(0,))
    cache.use(body, MODEL)
    for clock.now_s in (299.0, 598.0):
        assert cache.use(body, MODEL).read > 0
    clock.now_s = 899.0
    assert cache.use(body, MODEL).read == 0


def test_entry_is_found_at_most_twenty_blocks_back() -> None:
    for added, found in ((19, True), (20, False)):
        cache = PromptCache(Clock())
        first: Any = prompt("a" * 35, marked=(0,), system="Short.")
        first["messages"][0]["content"] = [{"type": "text", "text": LONG, "cache_control": EPHEMERAL}]
        cache.use(first, MODEL)
        second: Any = prompt("a", system="Short.")
        blocks: list[Any] = [{"type": "text", "text": LONG}, *({"type": "text", "text": f"{n}"} for n in range(added))]
        blocks[-1] = {**blocks[-1], "cache_control": EPHEMERAL}
        second["messages"][0]["content"] = blocks
        assert (cache.use(second, MODEL).read > 0) == found, added


def test_models_do_not_share_a_cache() -> None:
    cache, body = PromptCache(Clock()), prompt("a", marked=(0,))
    cache.use(body, MODEL)
    assert cache.use(body, KnownModel("claude-opus-5-5")).read == 0
