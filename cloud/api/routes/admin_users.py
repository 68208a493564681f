"""Accounts, for admins: who there is, what they use, their quotas, and their suspension.

No answer holds anything that users make: no prompts, no names of projects, no pictures, no files.
"""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from cloud.accounts.admin import acts, queries
from cloud.api.dependencies import IdentityDep, OriginDep, PagingDep, Services, ServicesDep, TransactionDep
from cloud.api.patterns import LINE_OR_NOTHING
from cloud.api.problems import documented
from cloud.api.quota_shapes import (
    AdminUserDetail,
    AdminUserOut,
    QuotasIn,
    SuspensionIn,
    limits_in,
    user_detail,
    user_out,
)
from cloud.api.schemas import Page
from cloud.api.shapes import page_out
from cloud.db.engine import Transaction
from cloud.errors import InvalidInput
from cloud.jobs.ledger.month import month_bounds
from cloud.jobs.quotas.limits import DAY
from cloud.jobs.quotas.queries import UserSums, row_of_user, sums_of_users
from cloud.jobs.quotas.report import quotas_of
from cloud.jobs.stopping import stop_jobs_of
from cloud.projects.names import control_in
from cloud.projects.pages import Cursor, cut_page

router = APIRouter(prefix="/admin/users", tags=["admin"], responses=documented(404, 422))


@router.get("", summary="List users")
async def list_users(
    transaction: TransactionDep,
    paging: PagingDep,
    search: Annotated[
        str,
        Query(
            max_length=200,
            description="A part of the name, whatever its case.",
            json_schema_extra={"pattern": LINE_OR_NOTHING},
        ),
    ] = "",
    suspended: Annotated[bool | None, Query(description="Only those who are, or are not.")] = None,
) -> Page[AdminUserOut]:
    """All accounts, newest first, each with what it uses."""
    if control_in(search.strip()):
        raise InvalidInput("No name holds a control character; leave it out of `search`.")
    before = (paging.cursor.created_at, paging.cursor.id) if paging.cursor else None
    users = await queries.list_users(transaction, before, paging.limit + 1, search=search.strip(), suspended=suspended)
    page = cut_page(users, paging.limit, lambda user: Cursor(user.created_at, user.id))
    sums = await _sums(transaction, [user.id for user in page.rows])
    return page_out(page, lambda user: user_out(user, sums.get(user.id, UserSums())))


@router.get("/{user_id}", summary="Get a user")
async def get_user(user_id: UUID, transaction: TransactionDep, services: ServicesDep) -> AdminUserDetail:
    """One account with its quotas, and how many projects, sessions and API tokens it has."""
    return await _detail(transaction, services, user_id)


@router.patch("/{user_id}/quotas", summary="Set a user's quotas")
async def set_quotas(
    user_id: UUID,
    body: QuotasIn,
    identity: IdentityDep,
    origin: OriginDep,
    transaction: TransactionDep,
    services: ServicesDep,
) -> AdminUserDetail:
    """The user's own limits, instead of the server's. Jobs that run go on, with what is left of money and tokens."""
    await acts.set_quotas(transaction, identity.user.id, origin, user_id, limits_in(body))
    return await _detail(transaction, services, user_id)


@router.post("/{user_id}/suspend", summary="Suspend a user", responses=documented(409))
async def suspend_user(
    user_id: UUID, identity: IdentityDep, origin: OriginDep, services: ServicesDep, body: SuspensionIn | None = None
) -> AdminUserDetail:
    """From now on their sessions and tokens get 403 `account_suspended`, their jobs are cancelled (running ones within
    seconds), their event streams end. What they have made stays. Nobody can suspend themselves."""
    reason = (body.reason if body else "").strip()
    if control_in(reason):
        raise InvalidInput("The reason holds a line break or another control character; leave it out.")
    async with services.database.sessions.begin() as session:
        await acts.suspend(session, identity.user.id, origin, user_id, reason)
    await stop_jobs_of(services.database, user_id)
    await services.streams.end_overdue()
    async with services.database.sessions() as session:
        return await _detail(session, services, user_id)


@router.post("/{user_id}/restore", summary="Let a suspended user work again", responses=documented(409))
async def restore_user(
    user_id: UUID, identity: IdentityDep, origin: OriginDep, transaction: TransactionDep, services: ServicesDep
) -> AdminUserDetail:
    """With the sessions and tokens that they had, as far as these have not expired. Cancelled jobs stay cancelled."""
    await acts.restore(transaction, identity.user.id, origin, user_id)
    return await _detail(transaction, services, user_id)


@router.post("/{user_id}/make-admin", summary="Make a user an admin", responses=documented(409))
async def make_user_admin(
    user_id: UUID, identity: IdentityDep, origin: OriginDep, transaction: TransactionDep, services: ServicesDep
) -> AdminUserDetail:
    """They may do all that you may, from now on, with the sessions that they have. There is no way back from here."""
    await acts.make_admin(transaction, identity.user.id, origin, user_id)
    return await _detail(transaction, services, user_id)


async def _detail(transaction: Transaction, services: Services, user_id: UUID) -> AdminUserDetail:
    user = await queries.get_user(transaction, user_id)
    belongings = await queries.belongings_of(transaction, user_id)
    return user_detail(
        user,
        await row_of_user(transaction, user_id),
        (await _sums(transaction, [user_id])).get(user_id, UserSums()),
        await quotas_of(transaction, user_id, services.settings),
        **vars(belongings),
    )


async def _sums(transaction: Transaction, user_ids: list[UUID]) -> dict[UUID, UserSums]:
    now = dt.datetime.now(dt.UTC)
    return await sums_of_users(transaction, user_ids, now - DAY, month_bounds(now)[0])
