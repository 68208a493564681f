"""The Messages client against a scripted Messages API: what it sends, waits out, and gives up on."""

import asyncio
import logging
from typing import Any

import pytest

from cloud.agent.client import CutOffCall, MessagesClient, ModelReply, RetryPolicy
from cloud.agent.context import with_cache_marks
from cloud.agent.model_errors import ModelError
from cloud.agent.prices import TokenCounts, price_usd
from tests.support.scripted_messages import Entry, Fault, Reply, TokenUse, breaks, calls, hangs, says, scripted_messages

HELLO = [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]
KEY = "sk-ant-secret-key"


class Asked:
    """One reply, with the waits before it."""

    def __init__(self) -> None:
        self.waits: list[tuple[str, float]] = []
        self.deltas: list[tuple[str, str]] = []
        self.begun: list[CutOffCall] = []
        self.cut_offs: list[CutOffCall] = []
        self.heard = asyncio.Event()
        self.requests: list[dict[str, Any]] = []

    async def waiting(self, reason: str, seconds: float) -> None:
        self.waits.append((reason, seconds))

    def delta(self, kind: str, piece: str) -> None:
        self.deltas.append((kind, piece))
        self.heard.set()

    async def began(self, call: CutOffCall) -> None:
        self.begun.append(call)

    async def cut_off(self, call: CutOffCall) -> None:
        self.cut_offs.append(call)


async def ask(
    seen: Asked,
    *script: Entry,
    model: str = "claude-sonnet-5-5",
    longest_wait_s: float = 0.05,
    thinks: bool | None = None,
) -> ModelReply:
    async with scripted_messages(*script, adaptive_thinking=thinks) as api:
        retry = RetryPolicy(attempts=4, first_wait_s=0.01, longest_wait_s=longest_wait_s)
        client = MessagesClient(model, api_key=KEY, base_url=api.base_url, retry=retry)
        try:
            return await client.reply("Build.", [], HELLO, seen)
        finally:
            seen.requests = api.requests
            await client.aclose()


async def test_reply_holds_text_and_whole_tool_inputs() -> None:
    reply = await ask(Asked(), calls(("run_python", {"code": "x = 'é'\n", "n": [1, 2]}), text="I build."))
    assert reply.content == [
        {"type": "text", "text": "I build."},
        {"type": "tool_use", "id": "call_1", "name": "run_python", "input": {"code": "x = 'é'\n", "n": [1, 2]}},
    ]
    assert reply.stop_reason == "tool_use"
    assert reply.request_id == "req_standin"


async def test_reply_costs_what_the_table_says() -> None:
    scripted = Reply([{"type": "text", "text": "."}], "end_turn", TokenUse(1_000_000, 100_000, 2_000_000, 400_000))
    reply = await ask(Asked(), scripted)
    assert reply.tokens == TokenCounts(1_000_000, 100_000, 2_000_000, 400_000)
    assert reply.usd == pytest.approx(2.0 + 1.0 + 0.4 + 1.0)


def test_long_prompts_cost_more_where_the_table_says_so() -> None:
    assert price_usd("claude-haiku-5-5", TokenCounts(100_000)) == pytest.approx(0.01)
    assert price_usd("claude-haiku-5-5", TokenCounts(60_000, cache_read_tokens=60_000)) == pytest.approx(0.033)


def test_dated_model_has_the_price_of_its_name() -> None:
    assert price_usd("claude-haiku-4-5-20251001", TokenCounts(1_000_000)) == pytest.approx(1.0)


async def test_unknown_model_counts_as_free_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    reply = await ask(Asked(), says("."), model="llama-next")
    assert reply.usd is None
    assert "no price is known" in caplog.text


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(429, "rate_limit_error"), "rate_limit"),
        (Fault(529, "overloaded_error"), "overloaded"),
        (Fault(500), "overloaded"),
        (Fault(408, "timeout_error"), "overloaded"),
        (Fault(409, "conflict_error"), "overloaded"),
        (breaks("overloaded_error"), "overloaded"),
        (breaks("api_error"), "overloaded"),
        (breaks(), "connection"),
    ],
    ids=str,
)
async def test_passing_trouble_is_waited_out_and_shown(fault: Entry, reason: str) -> None:
    seen = Asked()
    reply = await ask(seen, fault, fault, says("Here."))
    assert reply.content[0]["text"] == "Here."
    assert [reason_seen for reason_seen, _ in seen.waits] == [reason, reason]


async def test_retry_after_is_honoured_up_to_the_cap() -> None:
    seen = Asked()
    await ask(
        seen,
        Fault(429, "rate_limit_error", headers={"retry-after": "0.07"}),
        Fault(429, "rate_limit_error", headers={"retry-after": "3600"}),
        says("."),
        longest_wait_s=0.1,
    )
    assert [seconds for _, seconds in seen.waits] == [0.07, 0.1]


async def test_lasting_trouble_ends_with_a_sentence() -> None:
    with pytest.raises(ModelError, match="try again later") as caught:
        await ask(Asked(), *[Fault(529, "overloaded_error")] * 9)
    assert caught.value.code == "model_unavailable"


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (Fault(401, "authentication_error"), "model_key_refused", "ANTHROPIC_API_KEY"),
        (Fault(402, "billing_error"), "model_billing", "billing"),
        (Fault(403, "permission_error"), "model_forbidden", "claude-sonnet-5-5"),
        (Fault(404, "not_found_error"), "model_not_found", "claude-sonnet-5-5"),
        (Fault(400, "invalid_request_error", "tools: bad"), "model_request_refused", "tools: bad"),
        (Fault(529, "overloaded_error", headers={"x-should-retry": "false"}), "model_request_refused", "529"),
    ],
    ids=str,
)
async def test_permanent_trouble_is_not_tried_again(fault: Fault, code: str, said: str) -> None:
    seen = Asked()
    with pytest.raises(ModelError, match=said) as caught:
        await ask(seen, fault, says("never"))
    assert caught.value.code == code
    assert seen.waits == []
    assert KEY not in f"{caught.value}{caught.value.__cause__!r}"


async def test_server_that_is_not_there_ends_with_a_sentence() -> None:
    seen = Asked()
    client = MessagesClient(
        "m", api_key=KEY, base_url="http://127.0.0.1:9", retry=RetryPolicy(2, 0.01), adaptive_thinking=False
    )
    with pytest.raises(ModelError, match="ANTHROPIC_BASE_URL"):
        await client.reply("s", [], HELLO, seen)
    await client.aclose()
    assert [reason for reason, _ in seen.waits] == ["connection"]


async def test_cancel_ends_a_stream_that_hangs() -> None:
    hang = hangs()
    asking = asyncio.create_task(ask(Asked(), hang))
    await asyncio.wait_for(hang.began.wait(), 10)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asking, 5)


async def test_text_is_passed_on_as_it_comes() -> None:
    seen = Asked()
    await ask(seen, calls(("run_python", {"code": "x"}), text="First a box."))
    assert "".join(piece for kind, piece in seen.deltas if kind == "text") == "First a box."
    assert seen.cut_offs == []


async def test_cancelled_call_costs_what_had_come() -> None:
    seen = Asked()
    asking = asyncio.create_task(ask(seen, hangs()))
    await asyncio.wait_for(seen.heard.wait(), 10)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asking, 5)
    (cost,) = seen.cut_offs
    assert cost.tokens == TokenCounts(100, 1), "as the server had told"
    assert cost.usd == price_usd("claude-sonnet-5-5", TokenCounts(100, 2)), "with the seven characters that came"
    assert seen.begun == [CutOffCall(TokenCounts(100, 1), 0.00021, "claude-sonnet-5-5")]


async def test_call_that_broke_off_costs_too_and_is_asked_again() -> None:
    seen = Asked()
    await ask(seen, breaks("overloaded_error"), breaks(), says("Here."))
    assert [cost.tokens.input_tokens for cost in seen.cut_offs] == [100, 100]


async def test_call_that_was_never_answered_costs_nothing() -> None:
    seen = Asked()
    await ask(seen, Fault(529, "overloaded_error"), says("."))
    assert seen.cut_offs == []


async def test_cancel_does_not_wait_long_for_its_cost_to_be_kept(caplog: pytest.LogCaptureFixture) -> None:
    seen = Asked()

    async def never(call: CutOffCall) -> None:
        await asyncio.Event().wait()

    seen.cut_off = never  # type: ignore[method-assign]
    asking = asyncio.create_task(ask(seen, hangs()))
    await asyncio.wait_for(seen.heard.wait(), 10)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asking, 10)
    assert "could not be kept in time" in caplog.text


async def test_cancel_ends_a_wait() -> None:
    seen = Asked()
    waiting = asyncio.Event()

    async def on_wait(reason: str, seconds: float) -> None:
        waiting.set()

    seen.waiting = on_wait  # type: ignore[method-assign]
    fault = Fault(429, "rate_limit_error", headers={"retry-after": "50"})
    asking = asyncio.create_task(ask(seen, fault, longest_wait_s=60))
    await asyncio.wait_for(waiting.wait(), 10)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asking, 5)


@pytest.mark.parametrize(("thinks", "sent"), [(True, {"type": "adaptive"}), (False, None), (None, None)])
async def test_adaptive_thinking_is_asked_of_models_that_have_it(thinks: bool | None, sent: object) -> None:
    seen = Asked()
    await ask(seen, says("."), thinks=thinks)
    assert seen.requests[0].get("thinking") == sent


async def test_request_marks_the_stable_prefix_for_the_cache() -> None:
    seen = Asked()
    await ask(seen, says("."))
    request = seen.requests[0]
    assert request["system"][-1]["cache_control"] == {"type": "ephemeral"}


def test_cache_marks_stay_within_the_limit_and_leave_the_conversation_alone() -> None:
    turns = [{"role": role, "content": [{"type": "text", "text": "x"}]} for role in ("user", "assistant") * 4]
    marked = with_cache_marks(turns)
    assert sum("cache_control" in block for turn in marked for block in turn["content"]) == 2
    assert not any("cache_control" in block for turn in turns for block in turn["content"])


async def test_key_is_nowhere_in_repr_or_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = MessagesClient("m", api_key=KEY, base_url="http://127.0.0.1:9")
    await ask(Asked(), Fault(500), says("."))
    assert KEY not in repr(client)
    assert KEY not in caplog.text
    await client.aclose()
