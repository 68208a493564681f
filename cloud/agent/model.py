"""What the agent asks of a model, and what it gets: the contract that `cloud.agent.client` keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cloud.agent.abilities import CallOptions, ModelFacts
from cloud.agent.contract import Block, ToolParam
from cloud.agent.prices import TokenCounts


@dataclass(frozen=True)
class ModelReply:
    """One whole answer of the model. `content` goes back to it as it is; `usd` None: nobody knows its price."""

    content: list[Block]
    stop_reason: str
    tokens: TokenCounts
    usd: float | None
    model: str
    request_id: str | None = None


@dataclass(frozen=True)
class CutOffCall:
    """A call that gave no whole answer and was paid for.

    `tokens` are what the server had told; `usd` counts the output that came, where that was more. None: see
    `ModelReply`.
    """

    tokens: TokenCounts
    usd: float | None
    model: str


class Watcher(Protocol):
    """Looks on while a model is asked."""

    async def waiting(self, reason: str, seconds: float) -> None:
        """The call is tried again after a wait. `reason` is that of a `waiting` event."""
        ...

    def delta(self, kind: str, piece: str) -> None:
        """The answer goes on with this piece of `kind` text or thinking. Must not block."""
        ...

    async def began(self, call: CutOffCall) -> None:
        """The answer has begun, and from now on is paid for: what its beginning says."""
        ...

    async def cut_off(self, call: CutOffCall) -> None:
        """The answer broke off in the middle, or was cancelled."""
        ...


DEFAULTS = CallOptions()
"""What is asked for where nobody says anything else."""


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
        options: CallOptions = DEFAULTS,
    ) -> ModelReply:
        """The next turn. Raises: ModelError: it cannot be had, and the user must do something."""
        ...

    async def facts(self) -> ModelFacts:
        """What the server says of the model."""
        ...
