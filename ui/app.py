"""The web UI's server: Streamlit, with the few addresses of our own that its pages need. See `ui.launch`.

Needs `P2M_API_URL` in the environment.
"""

import os

from starlette.middleware import Middleware
from streamlit.starlette import App

from ui.server.backend import Backend
from ui.server.guard import Guard
from ui.server.routes import our_routes
from ui.server.uploads import SignedInUploads

backend = Backend(os.environ.get("P2M_API_URL", ""))

app = App(
    "main.py",
    routes=our_routes(backend),
    middleware=[Middleware(Guard), Middleware(SignedInUploads, backend=backend)],
    lifespan=backend.lifespan,
)
