"""The header `Idempotency-Key`, for routes that make something.

job_id = uuid4()
earlier = await request.made_before(transaction, job_id)
if earlier is not None:
    return job_out(await queries.get_job(transaction, owner, earlier))
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request
from pydantic import Field

from cloud.api.dependencies import OwnerDep
from cloud.errors import InvalidInput
from cloud.jobs.idempotency.claims import KEY_LIMIT_CHARS, IdempotentRequest, checked_key, request_hash

_DESCRIPTION = (
    f"1 to {KEY_LIMIT_CHARS} printable ASCII characters. The same request with the same key makes nothing new and gets"
    " what the first one made, for at least 24 hours."
)


_SHAPE = {"minLength": 1, "maxLength": KEY_LIMIT_CHARS, "pattern": "^[!-~]([ -~]*[!-~])?$"}
KeyHeader = Annotated[Annotated[str, Field(json_schema_extra=_SHAPE)] | None, Header(description=_DESCRIPTION)]


async def read_idempotency(request: Request, owner: OwnerDep, idempotency_key: KeyHeader = None) -> IdempotentRequest:
    """Raises: InvalidInput: the key cannot be one, or there are two."""
    key = _checked(request, idempotency_key)
    return idempotent(request, owner, key, await request.body() if key is not None else b"")


def read_key(request: Request, idempotency_key: KeyHeader = None) -> str | None:
    """The key alone, for routes that read their body as a stream. Raises: InvalidInput, as above."""
    return _checked(request, idempotency_key)


def idempotent(request: Request, owner: UUID, key: str | None, body: bytes) -> IdempotentRequest:
    """The request with its key; `body` may be the hash of one that is too large to be kept."""
    if key is None:
        return IdempotentRequest(owner, None, b"")
    route = f"{request.method} {request.url.path}?{request.url.query}"
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return IdempotentRequest(owner, key, request_hash(route, media_type, body))


def _checked(request: Request, key: str | None) -> str | None:
    if len(request.headers.getlist("idempotency-key")) > 1:
        raise InvalidInput("Idempotency-Key came more than once; send one.")
    return None if key is None else checked_key(key)


IdempotencyDep = Annotated[IdempotentRequest, Depends(read_idempotency)]
KeyDep = Annotated[str | None, Depends(read_key)]
