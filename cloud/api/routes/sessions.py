"""Sessions: log-in, log-out here and everywhere, and the list of where one is signed in."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from cloud.accounts import queries
from cloud.api.account_shapes import LogInIn, SessionOut, SessionRow, UserOut
from cloud.api.cookies import clear_session, set_session
from cloud.api.dependencies import IdentityDep, OriginDep, ServicesDep, TransactionDep
from cloud.api.origins import require_own_page
from cloud.api.problems import documented
from cloud.api.schemas import Page
from cloud.errors import NotFound

public = APIRouter(tags=["sessions"])
current = APIRouter(tags=["sessions"])
router = APIRouter(tags=["sessions"])


@public.post("/sessions", status_code=201, summary="Log in", responses=documented(401, 403, 422, 429))
async def log_in(
    body: LogInIn, request: Request, response: Response, services: ServicesDep, origin: OriginDep
) -> SessionOut:
    """Get a token for the `Authorization` header of every other call.

    After some failures the answer is 429 for a while, with `Retry-After`; where one has signed in from before, the
    failures of others do not count.
    """
    if body.cookie:
        require_own_page(request.scope, services.settings)  # nobody is signed in as another unasked
    token, row, user = await services.accounts.log_in(body.username, body.password, client=body.client, origin=origin)
    signed_in = SessionOut(
        id=row.id, token=token, expires_at=row.expires_at, ends_at=row.ends_at, user=UserOut.of(user)
    )
    if body.cookie:
        ends_at = row.ends_at or row.expires_at
        signed_in.csrf_token = set_session(request, response, token, ends_at=ends_at)
        signed_in.token = None
    return signed_in


@current.delete("/sessions/current", status_code=204, summary="Log out")
async def log_out(
    identity: IdentityDep, services: ServicesDep, origin: OriginDep, request: Request, response: Response
) -> None:
    """Revoke the token that this call is made with."""
    await services.accounts.log_out(identity, origin)
    clear_session(request, response)


@router.get("/sessions", summary="Where one is signed in")
async def list_sessions(identity: IdentityDep, session: TransactionDep) -> Page[SessionRow]:
    """One's sessions, the last used first, in one page."""
    rows = await queries.list_sessions(session, identity.user.id)
    return Page(items=[SessionRow.of(row, identity.session_id) for row in rows])


@router.delete("/sessions", status_code=204, summary="Log out everywhere")
async def end_all_sessions(
    identity: IdentityDep, session: TransactionDep, origin: OriginDep, request: Request, response: Response
) -> None:
    """End all of one's sessions, this one too."""
    await queries.revoke_sessions(session, identity.user.id, origin)
    clear_session(request, response)


@router.delete("/sessions/others", status_code=204, summary="Log out everywhere else")
async def end_other_sessions(identity: IdentityDep, session: TransactionDep, origin: OriginDep) -> None:
    """End all of one's sessions but this one."""
    await queries.revoke_sessions(session, identity.user.id, origin, all_but=identity.session_id)


@router.delete("/sessions/{session_id}", status_code=204, summary="End a session", responses=documented(404, 422))
async def end_session(session_id: UUID, identity: IdentityDep, session: TransactionDep, origin: OriginDep) -> None:
    """End one of one's sessions; its token is worth nothing from now on."""
    if not await queries.revoke_sessions(session, identity.user.id, origin, only=session_id):
        raise NotFound("session", session_id)
