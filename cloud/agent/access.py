"""Which model a job talks to, with whose key, and the way there: Claude with a key, else the offline modeller."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Self

from cloud.agent.errors import KeyOwner, ModelError
from cloud.agent.pace import NoPace, Pace
from cloud.agent.retries import RetryPolicy

if TYPE_CHECKING:
    from cloud.agent.abilities import Abilities
    from cloud.agent.client import MessagesClient
    from cloud.agent.watching import WatchCalls

OFFLINE_MODEL = "offline-modeller"

Payer = Literal["user", "system", "nobody"]
"""Who pays for a call."""


def _alone(pool: str) -> Pace:
    return NoPace()


@dataclass
class ModelAccess:
    """The models that can be reached with one key. `offline_url` is where this process's offline modeller listens.

    `problem` stands instead of a key that should be there and is not. `pace_of` gives the pace of a pool: of all who
    call a model with the same key. `watch_calls` looks on at each request.
    `abilities` is what is known of each server's models.
    """

    offline_url: str
    default_model: str
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    key_owner: KeyOwner = "system"
    problem: ModelError | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    stall_s: float = 120.0
    pace_of: Callable[[str], Pace] = field(default=_alone, repr=False)
    watch_calls: "WatchCalls | None" = field(default=None, repr=False)
    abilities: "dict[str, Abilities]" = field(default_factory=dict, repr=False)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        *,
        default_model: str,
        api_key: str | None,
        base_url: str | None,
        retry: RetryPolicy | None = None,
        stall_s: float = 120.0,
        pace_of: Callable[[str], Pace] = _alone,
        watch_calls: "WatchCalls | None" = None,
    ) -> AsyncIterator[Self]:
        """Access for as long as the block runs; the offline modeller runs in it."""
        # Imported late: it brings a web server and a grammar that a reader of this module does not need.
        from cloud.agent.offline.server import serve_offline_modeller

        async with serve_offline_modeller() as offline_url:
            yield cls(
                offline_url=offline_url,
                default_model=default_model,
                api_key=api_key,
                base_url=base_url,
                retry=retry or RetryPolicy(),
                stall_s=stall_s,
                pace_of=pace_of,
                watch_calls=watch_calls,
            )

    def for_user(self, key: str | None) -> Self:
        """The same with a user's own key, where there is one."""
        return replace(self, api_key=key, key_owner="user") if key else self

    def without_key(self, problem: ModelError) -> Self:
        """The same for a job whose payer's key cannot be had: only what needs none can be reached."""
        return replace(self, api_key=None, key_owner="user", problem=problem)

    def choose(self, wanted: str | None) -> str:
        """The id of the model to use. Raises: ModelError: `wanted` needs a key, and there is none."""
        if wanted == OFFLINE_MODEL:
            return wanted
        if self.problem is not None:
            raise ModelError(str(self.problem), self.problem.code)
        reachable = bool(self.api_key or self.base_url)
        if wanted is None:
            return self.default_model if reachable else OFFLINE_MODEL
        if not reachable:
            raise ModelError(
                f"The model {wanted!r} needs a Claude key: enter yours on the account page or with `prompt2mesh key "
                "set` (for all users: set ANTHROPIC_API_KEY), or name no model to build with the offline modeller.",
                "model_needs_key",
            )
        return wanted

    def payer_of(self, model: str) -> Payer:
        """Who pays for the calls of a chosen model."""
        return "nobody" if model == OFFLINE_MODEL else self.key_owner

    def client(self, model: str) -> "MessagesClient":
        """A client of a chosen model; the caller closes it."""
        # Imported late: the SDK takes long, and who only chooses needs none of it.
        from cloud.agent.abilities import Abilities
        from cloud.agent.client import MessagesClient
        from cloud.agent.watching import nobody

        watch_calls = self.watch_calls or nobody
        if model == OFFLINE_MODEL:
            return MessagesClient(
                model,
                api_key="offline",
                base_url=self.offline_url,
                adaptive_thinking=False,
                watch_calls=watch_calls,
            )
        key = self.api_key or "none"
        return MessagesClient(
            model,
            api_key=key,
            base_url=self.base_url,
            read_timeout_s=self.stall_s,
            retry=self.retry,
            abilities=self.abilities.setdefault(model, Abilities()),
            pace=self.pace_of(f"{fingerprint(key, self.base_url)}:{model}"),
            key_owner=self.key_owner,
            watch_calls=watch_calls,
        )


def fingerprint(key: str, base_url: str | None) -> str:
    """Names a key at a server without telling it."""
    return hashlib.sha256(f"p2m model key\0{base_url or ''}\0{key}".encode()).hexdigest()[:24]
