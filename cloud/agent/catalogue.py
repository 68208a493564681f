"""The models that a key may use, as the models endpoint lists them, and the test of a key that is entered."""

import asyncio
import importlib
import time
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from cloud.agent.access import fingerprint
from cloud.agent.errors import KeyOwner


@dataclass(frozen=True)
class ListedModel:
    """A model that can be chosen."""

    id: str
    name: str


async def list_models(key: str, base_url: str | None, owner: KeyOwner) -> list[ListedModel] | None:
    """The models that the key may use; None where the server has no such list. One try, at most 10 s.

    Raises: ModelError: the key was refused (`model_key_refused`, …), or the server cannot be reached now.
    """
    # In a thread, and only now: the SDK takes so long to import that the API would start late, or stop for it.
    asking = await asyncio.to_thread(importlib.import_module, "cloud.agent.model_list")
    return await asking.ask_for_models(key, base_url, owner)


@dataclass
class ModelCatalogue:
    """The lists, kept a few minutes for each key. Belongs to one event loop."""

    base_url: str | None = None
    kept_s: float = 300.0
    _lists: dict[str, tuple[float, list[ListedModel] | None]] = field(default_factory=dict)
    _asking: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def models(self, key: str, owner: KeyOwner) -> list[ListedModel] | None:
        """See `list_models`."""
        name = fingerprint(key, self.base_url)
        lock = self._asking.setdefault(name, asyncio.Lock())
        async with lock:
            now = time.monotonic()
            self._lists = {each: kept for each, kept in self._lists.items() if now - kept[0] < self.kept_s}
            if name not in self._lists:
                self._lists[name] = (now, await list_models(key, self.base_url, owner))
            return self._lists[name][1]
