"""The artifact store, with the time of what is asked of it."""

import time
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path

from cloud.storage.store import ArtifactStore, Stored, StoreUnavailable
from cloud.telemetry.metrics import STORE_ERRORS, STORE_S


class MeasuredStore(ArtifactStore):
    """An `ArtifactStore` that counts: `write` to its end, `read` to its first bytes, `find` what is there."""

    async def put(self, content: bytes | Path | AsyncIterable[bytes], *, anew: bool = False) -> Stored:
        """See `ArtifactStore`."""
        with _measured("write"):
            return await super().put(content, anew=anew)

    async def stream(self, sha256: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """See `ArtifactStore`. Also what `get` reads by."""
        async with aclosing(super().stream(sha256, start, end)) as chunks:  # pyright: ignore[reportArgumentType]
            with _measured("read"):
                first = await anext(chunks, None)
            if first is not None:
                yield first
            async for chunk in chunks:
                yield chunk

    async def has(self, sha256: str) -> bool:
        """See `ArtifactStore`."""
        with _measured("find"):
            return await super().has(sha256)

    async def check(self) -> None:
        """See `ArtifactStore`."""
        with _measured("check"):
            await super().check()


@contextmanager
def _measured(operation: str) -> Iterator[None]:
    began = time.perf_counter()
    try:
        yield
    except StoreUnavailable:
        STORE_ERRORS.labels(operation=operation).inc()
        raise
    finally:
        STORE_S.labels(operation=operation).observe(time.perf_counter() - began)
