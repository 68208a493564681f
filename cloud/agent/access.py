"""Which model a job talks to, and the way there: Claude with a key, else the offline modeller."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from cloud.agent.client import MessagesClient
from cloud.agent.model_errors import ModelError

OFFLINE_MODEL = "offline-modeller"


@dataclass
class ModelAccess:
    """The models that this process can reach. `offline_url` is where its offline modeller listens."""

    offline_url: str
    default_model: str
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, *, default_model: str, api_key: str | None, base_url: str | None) -> AsyncIterator[Self]:
        """Access for as long as the block runs; the offline modeller runs in it."""
        # Imported late: it brings a web server and a grammar that a reader of this module does not need.
        from cloud.agent.offline.server import serve_offline_modeller

        async with serve_offline_modeller() as offline_url:
            yield cls(offline_url=offline_url, default_model=default_model, api_key=api_key, base_url=base_url)

    def choose(self, wanted: str | None) -> str:
        """The id of the model to use. Raises: ModelError: `wanted` needs a key, and there is none."""
        reachable = bool(self.api_key or self.base_url)
        if wanted is None:
            return self.default_model if reachable else OFFLINE_MODEL
        if wanted != OFFLINE_MODEL and not reachable:
            raise ModelError(
                f"The model {wanted!r} needs a Claude key: set ANTHROPIC_API_KEY, or name no model to build with "
                "the offline modeller.",
                "model_needs_key",
            )
        return wanted

    def client(self, model: str) -> MessagesClient:
        """A client of a chosen model; the caller closes it."""
        if model == OFFLINE_MODEL:
            return MessagesClient(model, api_key="offline", base_url=self.offline_url, adaptive_thinking=False)
        return MessagesClient(model, api_key=self.api_key or "none", base_url=self.base_url)
