"""Changing one's password, and setting a new one with a reset link."""

from fastapi import APIRouter

from cloud.api.account_shapes import PasswordIn, PasswordResetIn
from cloud.api.dependencies import IdentityDep, OriginDep, ServicesDep
from cloud.api.problems import documented

public = APIRouter(tags=["accounts"])
router = APIRouter(tags=["accounts"])


@router.put(
    "/account/password", status_code=204, summary="Change one's password", responses=documented(403, 409, 422, 429)
)
async def change_password(body: PasswordIn, identity: IdentityDep, services: ServicesDep, origin: OriginDep) -> None:
    """It needs the old one. All other sessions end; API tokens stay."""
    await services.password_changes.change(identity, body.old_password, body.new_password, origin)


@public.post("/password-resets", status_code=204, summary="Set a new password", responses=documented(403, 422, 429))
async def reset_password(body: PasswordResetIn, services: ServicesDep, origin: OriginDep) -> None:
    """With the code of a reset link, which an admin or the operator has made. All sessions end; API tokens stay."""
    await services.password_changes.reset(body.code, body.new_password, origin)
