"""The web UI's server: Streamlit, with the few addresses of our own that its pages need. See `ui.launch`.

Needs `P2M_API_URL` in the environment.
"""

import contextlib
import os
from collections.abc import AsyncIterator
from typing import Any

from starlette.middleware import Middleware
from streamlit.starlette import App

from ui.live.hub import Hub
from ui.log_lines import configure_log
from ui.server.backend import Backend
from ui.server.ending import ending_soon
from ui.server.guard import Guard
from ui.server.no_arrow import try_pyarrow_once
from ui.server.routes import our_routes
from ui.server.uploads import SignedInUploads

configure_log()
try_pyarrow_once()
backend = Backend(os.environ.get("P2M_API_URL", ""))
hub = Hub(lambda: backend.http)


@contextlib.asynccontextmanager
async def lifespan(served: Any) -> AsyncIterator[None]:
    """Holds the connections to the API while the server runs."""
    async with backend.lifespan(served), ending_soon(hub.end):
        try:
            yield
        finally:
            await hub.close()


app = App(
    "main.py",
    routes=our_routes(backend, hub),
    middleware=[Middleware(Guard), Middleware(SignedInUploads, backend=backend)],
    lifespan=lifespan,
)
