"""The scripts of our components, under addresses that hold their content's hash, so that browsers keep them."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

_UI = Path(__file__).parents[1]
# In this order: `viewer/dist` is what scripts/setup_viewer has brought, `studio` is ours as it stands.
_FOLDERS = (_UI / "viewer" / "dist", _UI / "studio")
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_TYPES = {".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm"}


def asset_path(name: str) -> str | None:
    """The address of a script or a decoder, relative to the page's base (`p2m/assets/HASH/NAME`); None: not there.

    The hash is of all files together, so that a script finds its neighbours by their names.
    """
    return f"p2m/assets/{_stamp()}/{name}" if name in _files() else None


@cache
def _files() -> dict[str, Path]:
    """By name: they are fixed once the server runs."""
    folders = [folder for folder in _FOLDERS if folder.is_dir()]
    return {path.name: path for folder in folders for path in sorted(folder.iterdir()) if path.suffix in _TYPES}


@cache
def _stamp() -> str:
    digest = hashlib.sha256()
    for name, path in sorted(_files().items()):
        digest.update(name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


async def serve_asset(request: Request) -> Response:
    """Answer `GET /p2m/assets/{stamp}/{name}`."""
    path = _files().get(request.path_params["name"])
    if path is None or request.path_params["stamp"] != _stamp():
        return PlainTextResponse("There is no such file.", 404)
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=_FOREVER)
