"""One-time links: invites, resets of a password, and becoming the first admin."""

import datetime as dt
from uuid import UUID

from fastapi import APIRouter

from cloud.accounts import queries as users
from cloud.accounts.audit.queries import add_entry
from cloud.accounts.links import links, queries
from cloud.accounts.links.links import RESET_LASTS
from cloud.accounts.origin import network_of
from cloud.accounts.throttle.throttle import Limit
from cloud.api.account_shapes import ClaimIn, InviteIn, LinkOut, MadeLinkOut, UserOut
from cloud.api.dependencies import IdentityDep, OriginDep, ServicesDep, TransactionDep
from cloud.api.problems import documented
from cloud.api.schemas import Page
from cloud.errors import NotFound

claim = APIRouter(tags=["accounts"])
router = APIRouter(tags=["admin"])

_CLAIMS = Limit(20, 600, "codes from your network")


@claim.post("/admin/claim", summary="Become the first admin", responses=documented(403, 422, 429))
async def claim_admin(
    body: ClaimIn, identity: IdentityDep, services: ServicesDep, session: TransactionDep, origin: OriginDep
) -> UserOut:
    """With the code that the server has written to its log. It works once, and only while there is no admin."""
    services.throttle.demand(f"claim:{network_of(origin.address)}", _CLAIMS)
    await links.use(session, body.code, "first_admin")
    user = await users.get_user(session, identity.user.id)
    if user is None:
        raise links.LinkWrong
    await users.make_admin(session, user, origin)
    return UserOut.of(user)


@router.post("/admin/invites", status_code=201, summary="Invite somebody", responses=documented(422))
async def make_invite(
    body: InviteIn, identity: IdentityDep, services: ServicesDep, session: TransactionDep, origin: OriginDep
) -> MadeLinkOut:
    """A link with which one person can sign up. Hand it on yourself: this server sends no mail."""
    lasts = dt.timedelta(days=body.valid_days)
    made = await links.make_link(session, "invite", lasts, made_by=identity.user, origin=origin, note=body.note)
    return MadeLinkOut.made(made, services.settings.public_url)


@router.get("/admin/invites", summary="Invites that can still be used")
async def list_invites(session: TransactionDep) -> Page[LinkOut]:
    """Newest first, in one page; without their codes."""
    return Page(items=[LinkOut.of(row) for row in await queries.list_links(session, "invite")])


@router.delete(
    "/admin/invites/{link_id}", status_code=204, summary="Take back an invite", responses=documented(404, 422)
)
async def revoke_invite(link_id: UUID, identity: IdentityDep, session: TransactionDep, origin: OriginDep) -> None:
    """Its link is worth nothing from now on."""
    if not await queries.drop_link(session, link_id, "invite"):
        raise NotFound("invite", link_id)
    await add_entry(session, "link.revoked", actor=identity.user.id, origin=origin, subject=f"link:{link_id}")


@router.post(
    "/admin/users/{user_id}/reset-link",
    status_code=201,
    summary="Let a user set a new password",
    responses=documented(404, 422),
)
async def make_reset_link(
    user_id: UUID, identity: IdentityDep, services: ServicesDep, session: TransactionDep, origin: OriginDep
) -> MadeLinkOut:
    """A link that is valid for an hour; an earlier one is void. Hand it on yourself, to nobody but this user."""
    user = await users.get_user(session, user_id)
    if user is None:
        raise NotFound("user", user_id)
    made = await links.make_link(session, "reset", RESET_LASTS, made_by=identity.user, origin=origin, user=user)
    return MadeLinkOut.made(made, services.settings.public_url)
