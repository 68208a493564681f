"""What is at work in the whole deployment, for admins: counts, names and states, nothing of what users make."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from cloud.accounts.admin.queries import population
from cloud.api.dependencies import PagingDep, ServicesDep, TransactionDep
from cloud.api.problems import documented
from cloud.api.quota_shapes import AdminJobOut, DeploymentOut, admin_job_out, quota_out
from cloud.api.schemas import Page
from cloud.api.shapes import page_out
from cloud.jobs.quotas.queries import count_unfinished, unfinished_jobs
from cloud.jobs.quotas.report import quotas_of_all

router = APIRouter(prefix="/admin", tags=["admin"])


@router.get("/jobs", summary="List what is at work", responses=documented(422))
async def list_unfinished_jobs(
    transaction: TransactionDep,
    paging: PagingDep,
    state: Annotated[Literal["queued", "running"] | None, Query(description="Only those in this state.")] = None,
) -> Page[AdminJobOut]:
    """The jobs of all users that have not ended, newest first, without what they are about."""
    return page_out(await unfinished_jobs(transaction, state, paging.cursor, paging.limit), admin_job_out)


@router.get("/deployment", summary="The whole deployment")
async def get_deployment(transaction: TransactionDep, services: ServicesDep) -> DeploymentOut:
    """How many users and jobs there are, and how much of the quotas of all together is used."""
    people = await population(transaction)
    queued, running = await count_unfinished(transaction)
    quotas = await quotas_of_all(transaction, services.settings)
    return DeploymentOut(
        users=people.users,
        admins=people.admins,
        suspended_users=people.suspended,
        queued_jobs=queued,
        running_jobs=running,
        quotas=[quota_out(quota) for quota in quotas],
    )
