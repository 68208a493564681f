"""Calls a model over the Messages API, streaming, and waits out what passes on its own.

The SDK's own retries are off: ours are visible to the user, capped, and end at once on a cancel.
"""

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast

import anthropic
import httpx2
from anthropic.lib.streaming import AsyncMessageStream
from anthropic.types import MessageParam, TextBlockParam, ToolUnionParam, Usage
from anthropic.types.parsed_message import ParsedMessage
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from cloud.agent.contract import Block, ToolParam
from cloud.agent.model_errors import ModelError, ReplyCutOff, as_model_error, is_transient, waiting_reason
from cloud.agent.prices import TokenCounts, price_usd

_CACHED = {"type": "ephemeral"}
# Of English and of code alike; only for what a cut off call does not say itself.
_CHARS_A_TOKEN = 4
# A cancelled call may not hold up the cancel, which must be through within a second.
_LAST_WORDS_S = 0.5

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelReply:
    """One whole answer of the model. `content` goes back to it as it is."""

    content: list[Block]
    stop_reason: str
    tokens: TokenCounts
    usd: float
    model: str
    request_id: str | None = None


@dataclass(frozen=True)
class CutOffCall:
    """A call that gave no whole answer and was paid for. Its output tokens are estimated from what came."""

    tokens: TokenCounts
    usd: float
    model: str


class Watcher(Protocol):
    """Looks on while a model is asked."""

    async def waiting(self, reason: str, seconds: float) -> None:
        """The call is tried again after a wait. `reason` is that of a `waiting` event."""
        ...

    def delta(self, kind: str, piece: str) -> None:
        """The answer goes on with this piece of `kind` text or thinking. Must not block."""
        ...

    async def cut_off(self, call: CutOffCall) -> None:
        """The answer broke off in the middle, or was cancelled."""
        ...


@dataclass(frozen=True)
class CallOptions:
    """What may differ from call to call. `schema`: the answer is one JSON text of this JSON schema.

    `effort` is how hard the model thinks (low, medium, high, …; None: its own default), `max_tokens` how long its
    answer may be (None: the client's).
    """

    effort: str | None = None
    schema: dict[str, Any] | None = None
    max_tokens: int | None = None


_DEFAULTS = CallOptions()


class Model(Protocol):
    """A model that answers a conversation."""

    @property
    def name(self) -> str:
        """The model's id."""
        ...

    async def reply(
        self,
        system: str,
        tools: Sequence[ToolParam],
        messages: Sequence[dict[str, Any]],
        watcher: Watcher,
        options: CallOptions = _DEFAULTS,
    ) -> ModelReply:
        """The next turn. Raises: ModelError: it cannot be had, and the user must do something."""
        ...


@dataclass(frozen=True)
class RetryPolicy:
    """How long a call is tried again. `longest_wait_s` caps the server's `Retry-After` too."""

    attempts: int = 8
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0


@dataclass
class MessagesClient:
    """A model behind any server that speaks the Messages API. Closes with `aclose`."""

    name: str
    api_key: str = field(repr=False)
    base_url: str | None = None
    max_tokens: int = 16_000
    # A silent stream is dead: the API pings every few seconds.
    read_timeout_s: float = 180.0
    retry: RetryPolicy = RetryPolicy()
    # None: asked of the server once.
    adaptive_thinking: bool | None = None

    def __post_init__(self) -> None:
        self._client = anthropic.AsyncAnthropic(
            api_key=self.api_key,
            base_url=self.base_url or "https://api.anthropic.com",
            max_retries=0,
            timeout=httpx2.Timeout(self.read_timeout_s, connect=10.0),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def reply(
        self,
        system: str,
        tools: Sequence[ToolParam],
        messages: Sequence[dict[str, Any]],
        watcher: Watcher,
        options: CallOptions = _DEFAULTS,
    ) -> ModelReply:
        """The next turn, tried again while the failure may pass. Raises: ModelError."""

        async def before_wait(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            wait_s = state.next_action.sleep if state.next_action else 0.0
            if error is not None:
                logger.warning(
                    "model call failed, will be tried again",
                    extra={"model": self.name, "error": type(error).__name__, "wait_s": round(wait_s, 1)},
                )
                await watcher.waiting(waiting_reason(error), wait_s)

        attempts = AsyncRetrying(
            retry=retry_if_exception(is_transient),
            wait=self._wait_s,
            stop=stop_after_attempt(self.retry.attempts),
            before_sleep=before_wait,
            reraise=True,
        )
        try:
            return await attempts(self._call, system, tools, messages, watcher, options)
        except (anthropic.AnthropicError, httpx2.TransportError, ReplyCutOff, ValueError) as error:
            raise as_model_error(error, self.name) from error

    def _wait_s(self, state: RetryCallState) -> float:
        """Full jitter over a doubling span, or what the server asks for, capped."""
        asked_s = _retry_after_s(state.outcome.exception() if state.outcome else None)
        longest_s = self.retry.longest_wait_s
        if asked_s is not None:
            return min(asked_s, longest_s)
        return wait_random_exponential(multiplier=self.retry.first_wait_s, max=longest_s)(state)

    async def _call(
        self,
        system: str,
        tools: Sequence[ToolParam],
        messages: Sequence[dict[str, Any]],
        watcher: Watcher,
        options: CallOptions,
    ) -> ModelReply:
        thinking = {"type": "adaptive"} if await self._thinks_adaptively() else None
        heard = _Heard()
        try:
            async with self._client.messages.stream(
                model=self.name,
                max_tokens=options.max_tokens or self.max_tokens,
                system=[cast(TextBlockParam, {"type": "text", "text": system, "cache_control": _CACHED})],
                tools=cast(list[ToolUnionParam], [*tools]),
                messages=cast(list[MessageParam], [*messages]),
                output_config=cast(Any, _output_config(options)) or anthropic.omit,
                thinking=cast(Any, thinking) if thinking else anthropic.omit,
            ) as stream:
                await heard.listen(stream, watcher)
                request_id = stream.request_id
            message = heard.message
            if message is None or message.stop_reason is None:
                raise ReplyCutOff
        except BaseException as error:
            await self._tell_cut_off(heard, watcher, quickly=isinstance(error, asyncio.CancelledError))
            raise
        tokens = _count(message.usage)
        return ModelReply(
            content=[block.to_dict(mode="json") for block in message.content],
            stop_reason=message.stop_reason,
            tokens=tokens,
            usd=self._price(tokens),
            model=message.model,
            request_id=request_id,
        )

    async def _tell_cut_off(self, heard: "_Heard", watcher: Watcher, *, quickly: bool) -> None:
        message = heard.message
        if message is None:  # nothing had come, so nothing is paid
            return
        said = _count(message.usage)
        tokens = replace(said, output_tokens=max(said.output_tokens, math.ceil(heard.chars / _CHARS_A_TOKEN)))
        call = CutOffCall(tokens, self._price(tokens), message.model)
        try:
            async with asyncio.timeout(_LAST_WORDS_S if quickly else None):
                await watcher.cut_off(call)
        except TimeoutError:
            logger.warning("the cost of a cancelled call could not be kept in time", extra={"model": self.name})

    def _price(self, tokens: TokenCounts) -> float:
        usd = price_usd(self.name, tokens)
        if usd is None:
            logger.warning("no price is known for the model; its cost counts as zero", extra={"model": self.name})
        return usd or 0.0

    async def sees_pictures(self) -> bool:
        """Whether the model takes pictures; a server that does not say is taken to have one that does."""
        try:
            facts = await self._client.models.retrieve(self.name)
        except (anthropic.AnthropicError, httpx2.TransportError, ValueError):
            return True
        supported = getattr(getattr(facts.capabilities, "image_input", None), "supported", None)
        return supported is not False

    async def _thinks_adaptively(self) -> bool:
        """Whether the model takes adaptive thinking; asked once. A server without model facts: no."""
        if self.adaptive_thinking is None:
            try:
                facts = await self._client.models.retrieve(self.name)
                capabilities = facts.capabilities
                self.adaptive_thinking = bool(capabilities and capabilities.thinking.types.adaptive.supported)
            except anthropic.APIStatusError as error:
                if is_transient(error):
                    raise
                # A wrong key or model id shows in the call itself, with the better message.
                self.adaptive_thinking = False
            except AttributeError:
                self.adaptive_thinking = False
        return self.adaptive_thinking


@dataclass
class _Heard:
    """What has come of an answer so far."""

    stream: AsyncMessageStream[None] | None = None
    chars: int = 0

    @property
    def message(self) -> ParsedMessage[None] | None:
        """The message as far as it has come; None before its start, from which on it costs."""
        try:
            return self.stream.current_message_snapshot if self.stream else None
        except AssertionError:
            return None

    async def listen(self, stream: AsyncMessageStream[None], watcher: Watcher) -> None:
        """Take the stream to its end, and pass its text on."""
        self.stream = stream
        async for event in stream:
            if event.type == "text":
                watcher.delta("text", event.text)
                self.chars += len(event.text)
            elif event.type == "thinking":
                watcher.delta("thinking", event.thinking)
                self.chars += len(event.thinking)
            elif event.type == "input_json":
                self.chars += len(event.partial_json)


def _output_config(options: CallOptions) -> dict[str, Any]:
    config: dict[str, Any] = {"effort": options.effort} if options.effort else {}
    if options.schema is not None:
        config["format"] = {"type": "json_schema", "schema": options.schema}
    return config


def _count(usage: Usage) -> TokenCounts:
    return TokenCounts(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_input_tokens or 0,
        cache_write_tokens=usage.cache_creation_input_tokens or 0,
    )


def _retry_after_s(error: BaseException | None) -> float | None:
    if not isinstance(error, anthropic.APIStatusError):
        return None
    try:
        seconds = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if seconds >= 0 else None


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
