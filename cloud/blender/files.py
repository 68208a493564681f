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

_SHA256 = re.compile(r"[0-9a-f]{64}")
_EXPORT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def file_routes(workspace: Path) -> list[Route]:
    """`GET` and `PUT /files/snapshots/{sha256}`, `GET /files/exports/{name}`."""
    snapshots, exports = workspace / "snapshots", workspace / "exports"

    async def get_snapshot(request: Request) -> Response:
        return _send(snapshots / f"{_checked(request.path_params['sha256'], _SHA256)}.blend")

    async def get_export(request: Request) -> Response:
        return _send(exports / _checked(request.path_params["name"], _EXPORT_NAME))

    async def put_snapshot(request: Request) -> Response:
        sha256 = _checked(request.path_params["sha256"], _SHA256)
        size = await _receive(request, snapshots / f"{sha256}.blend", sha256)
        return JSONResponse({"sha256": sha256, "bytes": size}, status_code=201)

    return [
        Route("/files/snapshots/{sha256}", get_snapshot, methods=["GET"]),
        Route("/files/snapshots/{sha256}", put_snapshot, methods=["PUT"]),
        Route("/files/exports/{name}", get_export, methods=["GET"]),
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


async def _receive(request: Request, target: Path, sha256: str) -> int:
    """Store the body under `target` if its hash is right. Returns: its bytes."""
    part = target.with_name(f".{sha256}.{secrets.token_hex(4)}.part")
    digest, size = hashlib.sha256(), 0
    try:
        async with await anyio.open_file(part, "xb") as file:
            async for chunk in request.stream():
                size += len(chunk)
                if size > UPLOAD_LIMIT_BYTES:
                    raise HTTPException(413, f"A snapshot holds at most {UPLOAD_LIMIT_BYTES} bytes.")
                digest.update(chunk)
                await file.write(chunk)
        if digest.hexdigest() != sha256:
            raise HTTPException(422, "The content does not have the hash of its name.")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return size
