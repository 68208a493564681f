"""All of one's data as a zip."""

import datetime as dt

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from cloud.accounts.audit.queries import add_entry
from cloud.api.dependencies import IdentityDep, OriginDep, ServicesDep
from cloud.api.downloads import attachment_header
from cloud.api.problems import documented

router = APIRouter(tags=["privacy"])


@router.post(
    "/account/export",
    summary="Export all data of the account",
    response_class=StreamingResponse,
    responses={200: {"description": "A zip", "content": {"application/zip": {}}}, **documented(429)},
)
async def export_account(identity: IdentityDep, services: ServicesDep, origin: OriginDep) -> StreamingResponse:
    """One zip, made as it is sent: `README.txt` tells what is where, `index.json` has the SHA-256 of every file.

    It holds no password, token or key. One export of an account at a time.
    """
    owner = identity.user.id
    pieces = services.exports.stream(owner)
    # It is certain now that there will be a zip: a refusal is a problem document.
    await anext(pieces)
    async with services.database.sessions.begin() as session:
        await add_entry(session, "account.exported", actor=owner, origin=origin, subject=f"user:{owner}")
    headers = {
        "Content-Disposition": attachment_header(f"prompt2mesh-{dt.datetime.now(dt.UTC):%Y-%m-%d}.zip"),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(pieces, headers=headers, media_type="application/zip")
