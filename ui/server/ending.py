"""How the web UI's server ends: soon, though browsers hold streams open."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable

import uvicorn

GRACE_S = 2
"""What downloads that go on are given; a browser asks for the rest of one with a Range, and opens a stream again."""
_LOOK_EVERY_S = 0.25


@contextlib.asynccontextmanager
async def ending_soon(end_streams: Callable[[], None]) -> AsyncIterator[None]:
    """While it is open: when the process is told to end, call `end_streams`, and cut what is open after `GRACE_S`.

    uvicorn would wait for the last live stream, for hours. Streamlit makes it, and has no option for that; but while it
    serves, it is whose method handles SIGTERM. In a thread of a test it is not: nothing changes there.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if not isinstance(server, uvicorn.Server):
        yield
        return
    server.config.timeout_graceful_shutdown = GRACE_S
    watching = asyncio.create_task(_when_told(server, end_streams), name="ending")
    try:
        yield
    finally:
        watching.cancel()


async def _when_told(server: uvicorn.Server, end_streams: Callable[[], None]) -> None:
    while not server.should_exit:  # noqa: ASYNC110 (uvicorn sets a flag and tells nobody)
        await asyncio.sleep(_LOOK_EVERY_S)
    end_streams()
