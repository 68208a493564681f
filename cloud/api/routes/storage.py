"""How much one keeps, and how much one may."""

import datetime as dt
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from cloud.api.dependencies import OwnerDep, ServicesDep, TransactionDep
from cloud.jobs.retention.space import space_of

router = APIRouter(prefix="/users/me/storage", tags=["accounts"])


class ProjectSpaceOut(BaseModel):
    """What one project takes. What several projects share counts in each of them."""

    model_config = ConfigDict(from_attributes=True)

    project_id: UUID
    name: str
    bytes: int
    deleted_at: dt.datetime | None = Field(description="Deleted, but kept for a while: it counts until it is purged.")


class StorageOut(BaseModel):
    """Every content counts once, however often it is used."""

    used_bytes: int
    limit_bytes: int | None = Field(description="At this, no new job or upload is taken; null is no limit.")
    by_project: list[ProjectSpaceOut] = Field(description="The ten that take the most.")


@router.get("", summary="How much one keeps")
async def get_storage(owner: OwnerDep, transaction: TransactionDep, services: ServicesDep) -> StorageOut:
    """Snapshots and files of all one's projects. `DELETE /v1/projects/{id}?purge=true` frees a project's at once."""
    space = await space_of(transaction, owner, services.settings)
    return StorageOut(
        used_bytes=space.used_bytes,
        limit_bytes=space.limit_bytes or None,
        by_project=[ProjectSpaceOut.model_validate(one) for one in space.largest],
    )
