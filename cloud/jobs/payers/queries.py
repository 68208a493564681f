"""The SQL of who pays for a job."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cloud.db.models import Usage


async def payer_of(session: AsyncSession, job_id: UUID) -> str | None:
    """Who paid for the job's calls so far; None before the first."""
    return await session.scalar(select(Usage.billed_to).where(Usage.job_id == job_id).limit(1))
