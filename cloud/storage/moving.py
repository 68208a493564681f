"""Copies the objects of one store to another, as from a machine's folder to a bucket and back.

The name of an object is the hash of its content, so a copy can be ended and begun anew at any time: what is there with
the right size is passed over, each content is hashed on its way, and nothing of the source is changed. What a clean-up
has set aside is copied too, into its place: the next clean-up at the new home sets it aside again.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from cloud.storage.faults import ArtifactMissing
from cloud.storage.names import Listed
from cloud.storage.store import ArtifactStore

_PREFIXES = tuple(f"{number:02x}" for number in range(256))
AT_ONCE = 8


@dataclass
class Copied:
    """What a copy has done so far. `damaged`: objects of the source whose content is not what their name says."""

    objects: int = 0
    bytes: int = 0
    already_there: int = 0
    damaged: list[str] = field(default_factory=list)


async def copy_objects(
    source: ArtifactStore,
    target: ArtifactStore,
    *,
    verify: bool = False,
    tell: Callable[[Copied], None] = lambda copied: None,
) -> Copied:
    """Copy every object that `target` lacks. `verify`: also read what it has, and write anew what is damaged there.

    `tell` is called after each object. Raises: StoreUnavailable: begin again, and it goes on where it was.
    """
    copied = Copied()
    waiting: asyncio.Queue[Listed | None] = asyncio.Queue(maxsize=AT_ONCE * 4)

    async def work() -> None:
        while (one := await waiting.get()) is not None:
            await _copy(source, target, one, copied, verify=verify)
            tell(copied)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())
        async for one in _all_of(source):
            await waiting.put(one)
        for _ in range(AT_ONCE):
            await waiting.put(None)
    return copied


async def _all_of(store: ArtifactStore) -> AsyncIterator[Listed]:
    for prefix in _PREFIXES:
        async for listed in store.list_objects(prefix):
            for one in listed:
                yield one
    async for listed in store.list_aside():
        for one in listed:
            yield one


async def _copy(source: ArtifactStore, target: ArtifactStore, one: Listed, copied: Copied, *, verify: bool) -> None:
    if await _is_there(target, one, verify=verify):
        copied.already_there += 1
        return
    try:
        # Under the name of what was read: a damaged one cannot take the place of the right one.
        stored = await target.put(source.stream(one.sha256), anew=verify)
    except ArtifactMissing:
        return  # a clean-up of the source has taken it meanwhile
    if stored.sha256 == one.sha256:
        copied.objects += 1
        copied.bytes += stored.bytes
    else:
        copied.damaged.append(one.sha256)


async def _is_there(target: ArtifactStore, one: Listed, *, verify: bool) -> bool:
    if not await target.has(one.sha256):
        return False
    if not verify:
        return await target.size_of(one.sha256) == one.bytes
    digest = hashlib.sha256()
    async for chunk in target.stream(one.sha256):
        digest.update(chunk)
    return digest.hexdigest() == one.sha256
