"""Snapshots and exports over plain HTTP, beside MCP on the same port and behind the same token."""

import hashlib
import re
import secrets
from pathlib import Path

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

UPLOAD_LIMIT_BYTES = 2 * 2**30
KEPT_IMPORTS = 8

_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def file_routes(workspace: Path) -> list[Route]:
    """`GET` and `PUT /files/snapshots/{sha256}`, `GET /files/exports/{name}`, `PUT /files/imports/{name}`."""
    snapshots, exports, imports = (workspace / name for name in ("snapshots", "exports", "imports"))

    async def get_snapshot(request: Request) -> Response:
        return _send(snapshots / f"{_checked(request.path_params['sha256'], _SHA256)}.blend")

    async def get_export(request: Request) -> Response:
        return _send(exports / _checked(request.path_params["name"], _FILE_NAME))

    async def put_snapshot(request: Request) -> Response:
        sha256 = _checked(request.path_params["sha256"], _SHA256)
        size, _ = await _receive(request, snapshots / f"{sha256}.blend", sha256)
        return JSONResponse({"sha256": sha256, "bytes": size}, status_code=201)

    async def put_import(request: Request) -> Response:
        name = _checked(request.path_params["name"], _FILE_NAME)
        _make_room(imports)
        size, digest = await _receive(request, imports / name, None)
        return JSONResponse({"file": name, "sha256": digest, "bytes": size}, status_code=201)

    return [
        Route("/files/snapshots/{sha256}", get_snapshot, methods=["GET"]),
        Route("/files/snapshots/{sha256}", put_snapshot, methods=["PUT"]),
        Route("/files/exports/{name}", get_export, methods=["GET"]),
        Route("/files/imports/{name}", put_import, methods=["PUT"]),
    ]


def _checked(value: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(value):
        raise HTTPException(404, "There is no such file.")
    return value


def _send(path: Path) -> FileResponse:
    # User code can write here: a link of its making must not lead out of the workspace.
    if path.is_symlink() or not path.is_file():
        raise HTTPException(404, "There is no such file.")
    return FileResponse(path, media_type="application/octet-stream")


def _make_room(folder: Path) -> None:
    """Drop the oldest uploads, so that those to come fit: an upload is used at once or never."""
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[KEPT_IMPORTS - 1 :]:
        file.unlink(missing_ok=True)


async def _receive(request: Request, target: Path, sha256: str | None) -> tuple[int, str]:
    """Store the body under `target` if its hash is the one given. Returns: its bytes and its hash."""
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    digest, size = hashlib.sha256(), 0
    try:
        async with await anyio.open_file(part, "xb") as file:
            async for chunk in request.stream():
                size += len(chunk)
                if size > UPLOAD_LIMIT_BYTES:
                    raise HTTPException(413, f"A file holds at most {UPLOAD_LIMIT_BYTES} bytes.")
                digest.update(chunk)
                await file.write(chunk)
        if sha256 is not None and digest.hexdigest() != sha256:
            raise HTTPException(422, "The content does not have the hash of its name.")
        part.chmod(0o644)  # Blender runs as another user
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return size, digest.hexdigest()
