"""The server: scripts and headers as the web UI's own, models made here."""

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from streamlit.starlette import App

from tests.support.glb import box_glb
from ui.server.assets import serve_asset
from ui.server.guard import Guard

MODELS = {"red": box_glb(), "blue": box_glb((1, 1.1, 1), (0.02, 0.05, 0.8, 1))}


async def _model(request: Request) -> Response:
    return Response(MODELS[request.path_params["name"]], media_type="model/gltf-binary")


app = App(
    "main.py",
    routes=[
        Route("/p2m/assets/{stamp}/{name}", serve_asset),
        Route("/p2m/models/{name}", _model),
    ],
    middleware=[Middleware(Guard)],
)
