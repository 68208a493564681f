"""The header `Idempotency-Key`, for routes that make something.

job_id = uuid4()
earlier = await request.made_before(transaction, job_id)
if earlier is not None:
    return job_out(await queries.get_job(transaction, owner, earlier))
"""

from typing import Annotated

from fastapi import Depends, Header, Request

from cloud.api.dependencies import OwnerDep
from cloud.errors import InvalidInput
from cloud.jobs.idempotency.claims import KEY_LIMIT_CHARS, IdempotentRequest, checked_key, request_hash

_DESCRIPTION = (
    f"1 to {KEY_LIMIT_CHARS} printable ASCII characters. The same request with the same key makes nothing new and gets"
    " what the first one made, for at least 24 hours."
)


async def read_idempotency(
    request: Request,
    owner: OwnerDep,
    idempotency_key: Annotated[str | None, Header(description=_DESCRIPTION)] = None,
) -> IdempotentRequest:
    """Raises: InvalidInput: the key cannot be one, or there are two."""
    if idempotency_key is None:
        return IdempotentRequest(owner, None, b"")
    if len(request.headers.getlist("idempotency-key")) > 1:
        raise InvalidInput("Idempotency-Key came more than once; send one.")
    key = checked_key(idempotency_key)
    route = f"{request.method} {request.url.path}?{request.url.query}"
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return IdempotentRequest(owner, key, request_hash(route, media_type, await request.body()))


IdempotencyDep = Annotated[IdempotentRequest, Depends(read_idempotency)]
