"""Calls a model over the Messages API, streaming, and waits out what passes on its own.

The SDK's own retries are off: ours are visible to the user, capped, and end at once on a cancel.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import anthropic
import httpx2
from anthropic.types import MessageParam, TextBlockParam, ToolUnionParam, Usage
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from cloud.agent.contract import Block, ToolParam
from cloud.agent.model_errors import ModelError, ReplyCutOff, as_model_error, is_transient, waiting_reason
from cloud.agent.prices import TokenCounts, price_usd

Wait = Callable[[str, float], Awaitable[None]]
"""Told of each wait before it begins: the reason of a `waiting` event, and seconds."""

_CACHED = {"type": "ephemeral"}

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


class Model(Protocol):
    """A model that answers a conversation."""

    @property
    def name(self) -> str:
        """The model's id."""
        ...

    async def reply(
        self, system: str, tools: Sequence[ToolParam], messages: Sequence[dict[str, Any]], on_wait: Wait
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
        self, system: str, tools: Sequence[ToolParam], messages: Sequence[dict[str, Any]], on_wait: Wait
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
                await on_wait(waiting_reason(error), wait_s)

        attempts = AsyncRetrying(
            retry=retry_if_exception(is_transient),
            wait=self._wait_s,
            stop=stop_after_attempt(self.retry.attempts),
            before_sleep=before_wait,
            reraise=True,
        )
        try:
            return await attempts(self._call, system, tools, messages)
        except (anthropic.AnthropicError, httpx2.TransportError, ReplyCutOff, ValueError) as error:
            raise as_model_error(error, self.name) from error

    def _wait_s(self, state: RetryCallState) -> float:
        """Full jitter over a doubling span, or what the server asks for, capped."""
        asked_s = _retry_after_s(state.outcome.exception() if state.outcome else None)
        longest_s = self.retry.longest_wait_s
        if asked_s is not None:
            return min(asked_s, longest_s)
        return wait_random_exponential(multiplier=self.retry.first_wait_s, max=longest_s)(state)

    async def _call(self, system: str, tools: Sequence[ToolParam], messages: Sequence[dict[str, Any]]) -> ModelReply:
        thinking = {"type": "adaptive"} if await self._thinks_adaptively() else None
        async with self._client.messages.stream(
            model=self.name,
            max_tokens=self.max_tokens,
            system=[cast(TextBlockParam, {"type": "text", "text": system, "cache_control": _CACHED})],
            tools=cast(list[ToolUnionParam], [*tools]),
            messages=cast(list[MessageParam], with_cache_marks(messages)),
            thinking=cast(Any, thinking) if thinking else anthropic.omit,
        ) as stream:
            await stream.until_done()
            try:
                message = stream.current_message_snapshot
            except AssertionError:
                raise ReplyCutOff from None
            request_id = stream.request_id
        if message.stop_reason is None:
            raise ReplyCutOff
        tokens = _count(message.usage)
        usd = price_usd(self.name, tokens)
        if usd is None:
            logger.warning("no price is known for the model; its cost counts as zero", extra={"model": self.name})
        return ModelReply(
            content=[block.to_dict(mode="json") for block in message.content],
            stop_reason=message.stop_reason,
            tokens=tokens,
            usd=usd or 0.0,
            model=message.model,
            request_id=request_id,
        )

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


def with_cache_marks(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages with cache breakpoints on the last two user turns (with the system prompt's: three of four).

    The tools come before the system prompt on the wire, so its mark covers them.
    """
    marked = list(messages)
    turns = [index for index, message in enumerate(marked) if message["role"] == "user"][-2:]
    for index in turns:
        content = list(marked[index]["content"])
        content[-1] = {**content[-1], "cache_control": _CACHED}
        marked[index] = {**marked[index], "content": content}
    return marked


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


__all__ = ["MessagesClient", "Model", "ModelError", "ModelReply", "RetryPolicy", "Wait", "with_cache_marks"]
