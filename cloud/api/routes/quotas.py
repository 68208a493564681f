"""How much one may still do."""

from fastapi import APIRouter

from cloud.api.dependencies import OwnerDep, ServicesDep, TransactionDep
from cloud.api.quota_shapes import QuotasOut, quota_out
from cloud.jobs.quotas.report import quotas_of

router = APIRouter(prefix="/account/quotas", tags=["accounts"])


@router.get("", summary="How much one may still do")
async def get_quotas(owner: OwnerDep, transaction: TransactionDep, services: ServicesDep) -> QuotasOut:
    """One's own quotas, each with what is used of it and when there is more. At one of jobs, tokens or money a new job
    is refused with 429 and `Retry-After`; the server may have limits for all its users together besides."""
    quotas = await quotas_of(transaction, owner, services.settings)
    return QuotasOut(items=[quota_out(quota) for quota in quotas])
