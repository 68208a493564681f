"""Calls a model over the Messages API, streaming, and waits out what passes on its own.

The SDK's own retries are off: ours are visible to the user, capped, and end at once on a cancel.
"""

import asyncio
import logging
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

import anthropic
import httpx2

from cloud.agent.abilities import Abilities, CallOptions, ModelFacts, json_in_words
from cloud.agent.connections import http_client_for
from cloud.agent.contract import ToolParam
from cloud.agent.incoming import IncomingReply, listen, no_stream, read_into
from cloud.agent.model import DEFAULTS, CutOffCall, Model, ModelReply, Watcher
from cloud.agent.model_errors import (
    CALL_ERRORS,
    KeyOwner,
    ModelError,
    ReplyCutOff,
    as_model_error,
    is_limiting,
    is_transient,
    stayed_limited,
    waiting_reason,
)
from cloud.agent.pace import NoPace, Pace
from cloud.agent.prices import TokenCounts, price_usd
from cloud.agent.retries import RetryPolicy, Waits, retry_after_s
from cloud.agent.watching import WatchCalls, nobody, outcome_of

# Of English and of code alike; only for what a cut off call does not say itself.
_CHARS_A_TOKEN = 4
# A cancelled call may not hold up the cancel, which must be through within a second.
_LAST_WORDS_S = 0.5
_LAST_BYTES_S = 0.5
DEFAULT_BASE_URL = "https://api.anthropic.com"

logger = logging.getLogger(__name__)


@dataclass
class MessagesClient:
    """A model behind any server that speaks the Messages API. Closes with `aclose`.

    `key_owner` says whose key it is, for the words of an error; `pace` is shared by all who call with that key.
    `watch_calls` looks on at each request.
    """

    name: str
    api_key: str = field(repr=False)
    base_url: str | None = None
    max_tokens: int = 16_000
    # A silent connection is dead: the API pings every few seconds.
    read_timeout_s: float = 120.0
    # So is one that has nothing but pings.
    silence_limit_s: float = 900.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    # None: asked of the server once.
    adaptive_thinking: bool | None = None
    abilities: Abilities = field(default_factory=Abilities, repr=False)
    pace: Pace = field(default_factory=NoPace, repr=False)
    key_owner: KeyOwner = "system"
    watch_calls: WatchCalls = field(default=nobody, repr=False)

    def __post_init__(self) -> None:
        if self.adaptive_thinking is not None:
            self.abilities = Abilities(ModelFacts(thinking=self.adaptive_thinking), self.abilities.refused)
        self._client = anthropic.AsyncAnthropic(
            api_key=self.api_key,
            base_url=self.base_url or DEFAULT_BASE_URL,
            max_retries=0,
            timeout=httpx2.Timeout(self.read_timeout_s, connect=10.0),
            http_client=http_client_for(self.base_url),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def facts(self) -> ModelFacts:
        """What the server says of the model; nothing where it does not answer. Asked once, then remembered."""
        try:
            return await self.abilities.learn_facts(self._client, self.name)
        except CALL_ERRORS:
            return ModelFacts()

    async def reply(
        self,
        system: str,
        tools: Sequence[ToolParam],
        messages: Sequence[dict[str, Any]],
        watcher: Watcher,
        options: CallOptions = DEFAULTS,
    ) -> ModelReply:
        """The next turn, tried again while the failure may pass. Raises: ModelError."""
        waits = Waits(self.retry)
        while True:
            await self._take_turn(waits, watcher)
            try:
                reply = await self._watched_call(system, tools, messages, watcher, options)
            except (*CALL_ERRORS, ReplyCutOff) as error:
                if isinstance(error, anthropic.APIStatusError) and self.abilities.learn_refusal(error, options):
                    facts = {"model": self.name, "refused": sorted(self.abilities.refused)}
                    logger.warning("the model's server does not take parts of our requests", extra=facts)
                    continue
                wait_s = await self._wait_after(error, waits)
                if wait_s is None:
                    # Without the cause: its words may hold what the server was sent, the key too.
                    raise as_model_error(error, self.name, self.key_owner) from None
                await watcher.waiting(waiting_reason(error), wait_s)
            else:
                await self.pace.succeeded()
                return reply
            await asyncio.sleep(wait_s)

    async def _take_turn(self, waits: Waits, watcher: Watcher) -> None:
        """Wait until those who share the key may call. Raises: ModelError: not within the time that is left."""
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(waits.left_s):
                await self.pace.before_call(watcher)
        except TimeoutError:
            raise stayed_limited(self.retry.total_wait_s) from None
        waits.waited_s += asyncio.get_running_loop().time() - began

    async def _wait_after(self, error: Exception, waits: Waits) -> float | None:
        """How long to wait before the next try; None: there is none."""
        facts = {
            "model": self.name,
            "error": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "request_id": getattr(error, "request_id", None),
        }
        if not is_transient(error):
            logger.warning("model call refused", extra=facts)
            return None
        blocked_s = 0.0
        if is_limiting(error):
            asked_s = retry_after_s(error)
            longest_s = self.retry.longest_wait_s
            blocked_s = await self.pace.refused(None if asked_s is None else min(asked_s, longest_s))
        wait_s = waits.after(error, blocked_s)
        again = "will be tried again" if wait_s is not None else "is given up"
        logger.warning("model call failed, %s", again, extra={**facts, "wait_s": round(wait_s or 0.0, 1)})
        return wait_s

    async def _watched_call(self, *request: Any) -> ModelReply:
        with self.watch_calls(self.name) as call:
            try:
                return await self._call(*request)
            except (*CALL_ERRORS, ReplyCutOff) as error:
                call.outcome = outcome_of(error)
                raise

    async def _call(
        self,
        system: str,
        tools: Sequence[ToolParam],
        messages: Sequence[dict[str, Any]],
        watcher: Watcher,
        options: CallOptions,
    ) -> ModelReply:
        facts = await self.abilities.learn_facts(self._client, self.name)
        max_tokens = options.max_tokens or self.max_tokens
        request = self.abilities.request(system, tools, messages, options)
        reply = IncomingReply()
        try:
            # `cast`: the request is the API's own JSON.
            async with self._client.messages.with_streaming_response.create(
                model=self.name,
                max_tokens=min(max_tokens, facts.max_output_tokens or max_tokens),
                stream=True,
                **cast(Any, request),
            ) as answer:
                await self._listen(reply, answer.http_response, watcher)
                request_id = answer.request_id
        except BaseException as error:
            await self._tell_cut_off(reply, watcher, quickly=isinstance(error, asyncio.CancelledError))
            raise
        content = reply.content()
        return ModelReply(
            content=json_in_words(content) if self.abilities.answers_in_words(options) else content,
            stop_reason=reply.stop_reason or "",
            tokens=reply.tokens,
            usd=self._price(reply.tokens, reply.model),
            model=reply.model or self.name,
            request_id=request_id,
        )

    async def _listen(self, reply: IncomingReply, response: httpx2.Response, watcher: Watcher) -> None:
        """Take the stream to its end, and pass its text on. Raises: ReplyCutOff: that was before the reply's end."""
        events = listen(response, self.silence_limit_s)
        async for event in events:
            shown = read_into(reply, event, response)
            if event["type"] == "message_start":
                usd = self._price(reply.tokens, reply.model)
                await watcher.began(CutOffCall(reply.tokens, usd, reply.model or self.name))
            if shown is not None:
                watcher.delta(*shown)
            if event["type"] == "message_stop":
                # Read to its end, the connection can be used again; but nothing that matters can go wrong any more.
                with suppress(TimeoutError, ReplyCutOff, *CALL_ERRORS):
                    async with asyncio.timeout(_LAST_BYTES_S):
                        await anext(events, None)
                break
        if not reply.begun:
            raise no_stream(response)
        if reply.stop_reason is None:
            raise ReplyCutOff

    async def _tell_cut_off(self, reply: IncomingReply, watcher: Watcher, *, quickly: bool) -> None:
        if not reply.begun:  # nothing had come, so nothing is paid
            return
        # The tokens are those that the server told, so that two ledgers agree. It may bill what it had made by then:
        # of that only what came is known, and the money is rather too much than too little.
        said, came = reply.tokens, math.ceil(reply.chars / _CHARS_A_TOKEN)
        guessed = said if reply.stop_reason else replace(said, output_tokens=max(said.output_tokens, came))
        call = CutOffCall(said, self._price(guessed, reply.model), reply.model or self.name)
        try:
            async with asyncio.timeout(_LAST_WORDS_S if quickly else None):
                await watcher.cut_off(call)
        except TimeoutError:
            logger.warning("the cost of a cancelled call could not be kept in time", extra={"model": self.name})

    def _price(self, tokens: TokenCounts, model_said: str | None) -> float | None:
        """By the model's name, which may be another's alias: then by the one that the server says."""
        usd = price_usd(self.name, tokens)
        if usd is None and model_said:
            usd = price_usd(model_said, tokens)
        if usd is None:
            logger.warning("no price is known for the model; its cost counts as zero", extra={"model": self.name})
        return usd


__all__ = [
    "CallOptions",
    "CutOffCall",
    "MessagesClient",
    "Model",
    "ModelError",
    "ModelReply",
    "RetryPolicy",
    "Watcher",
]
