"""Who one is: sign-up, log-in, log-out."""

from fastapi import APIRouter

from cloud.api.dependencies import IdentityDep, ServicesDep
from cloud.api.problems import documented
from cloud.api.schemas import Credentials, SessionOut, UserOut

public = APIRouter(tags=["accounts"])
router = APIRouter(tags=["accounts"])


@public.post("/users", status_code=201, summary="Sign up", responses=documented(409, 422))
async def sign_up(body: Credentials, services: ServicesDep) -> UserOut:
    """Make a user. Names are unique without regard to case. Log in afterwards to get a token."""
    user = await services.accounts.sign_up(body.username, body.password)
    return UserOut(id=user.id, username=user.username, created_at=user.created_at)


@public.post("/sessions", status_code=201, summary="Log in", responses=documented(401, 422))
async def log_in(body: Credentials, services: ServicesDep) -> SessionOut:
    """Get a token for the `Authorization` header of every other call."""
    token, session, user = await services.accounts.log_in(body.username, body.password)
    shown = UserOut(id=user.id, username=user.username, created_at=user.created_at)
    return SessionOut(token=token, expires_at=session.expires_at, user=shown)


@router.delete("/sessions/current", status_code=204, summary="Log out")
async def log_out(identity: IdentityDep, services: ServicesDep) -> None:
    """Revoke the token that this call is made with."""
    await services.accounts.log_out(identity)


@router.get("/me", summary="Who am I")
async def get_me(identity: IdentityDep) -> UserOut:
    """The signed-in user."""
    user = identity.user
    return UserOut(id=user.id, username=user.username, created_at=user.created_at)
