"""The JSON of quotas, and of what admins see."""

import datetime as dt
from decimal import ROUND_UP, Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from cloud.api.patterns import LINE_OR_NOTHING
from cloud.api.schemas import Body
from cloud.db.models import Job, User
from cloud.jobs.quotas.limits import UserRow
from cloud.jobs.quotas.queries import UserSums
from cloud.jobs.quotas.report import Quota, QuotaName

_PLACES = 6
_CENT = Decimal("0.01")


class QuotaOut(BaseModel):
    """One quota and how much of it is used."""

    name: QuotaName = Field(
        description="Jobs sent in 24 hours; running jobs (those above wait in the queue); what is kept; tokens and US "
        "dollars of this calendar month (UTC), of calls with the system's key alone."
    )
    limit: int | float | None = Field(description="null is no limit.")
    used: int | float
    left: int | float | None
    renews_at: dt.datetime | None = Field(
        description="From then on there is more: the month begins anew, or the next of the 24 hours' jobs is free. "
        "null: no time does it."
    )


class QuotasOut(BaseModel):
    items: list[QuotaOut]


class OwnLimits(BaseModel):
    """A user's own limits; null: the setting's holds, 0: no limit."""

    model_config = ConfigDict(from_attributes=True)

    day_jobs: int | None = Field(validation_alias="day_job_limit")
    month_usd: float | None = Field(validation_alias="month_usd_limit")
    month_tokens: int | None = Field(validation_alias="month_token_limit")
    storage_mib: int | None = Field(validation_alias="storage_mib_limit")


class QuotasIn(Body):
    """What is left out stays as it is; null: the setting's holds again, 0: no limit."""

    day_jobs: int | None = Field(default=None, ge=0, le=10**9, description="Jobs in 24 hours.")
    month_usd: float | None = Field(
        default=None,
        ge=0,
        le=10**9,
        allow_inf_nan=False,
        description="US dollars in a calendar month; a part of a cent counts as a cent.",
    )
    month_tokens: int | None = Field(default=None, ge=0, le=10**15, description="Tokens in a calendar month.")
    storage_mib: int | None = Field(default=None, ge=0, le=10**9, description="MiB that may be kept.")

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_no_number(cls, value: Any) -> Any:
        """Pydantic would take `false` for 0, which lifts the limit."""
        if isinstance(value, bool | str):
            raise ValueError("it must be a number or null")
        return value


class SuspensionIn(Body):
    reason: Annotated[
        str,
        Field(
            max_length=500,
            description="Told to the user whenever they are refused.",
            json_schema_extra={"pattern": LINE_OR_NOTHING},
        ),
    ] = ""


class AdminUserOut(BaseModel):
    """An account as admins see it: nothing of what its user makes."""

    id: UUID
    username: str
    is_admin: bool
    created_at: dt.datetime
    suspended_at: dt.datetime | None
    suspended_for: str
    deletion_requested_at: dt.datetime | None
    queued_jobs: int
    running_jobs: int
    day_jobs: int = Field(description="Jobs sent in the last 24 hours.")
    month_tokens: int
    month_usd: float
    storage_bytes: int


class AdminUserDetail(AdminUserOut):
    quotas: list[QuotaOut]
    own_limits: OwnLimits
    projects: int
    sessions: int
    api_tokens: int


class AdminJobOut(BaseModel):
    """A job that has not ended, without what it is about."""

    id: UUID
    user_id: UUID
    username: str
    kind: str
    state: str
    attempt: int
    created_at: dt.datetime
    started_at: dt.datetime | None


class DeploymentOut(BaseModel):
    users: int
    admins: int
    suspended_users: int
    queued_jobs: int
    running_jobs: int
    quotas: list[QuotaOut] = Field(description="Of all users together.")


def quota_out(quota: Quota) -> QuotaOut:
    limit, used = (_number(value) for value in (quota.limit, quota.used))
    left = None if limit is None else max(0, _rounded(limit - (used or 0)))
    return QuotaOut(name=quota.name, limit=limit, used=used or 0, left=left, renews_at=quota.renews_at)


def user_out(user: User, sums: UserSums) -> AdminUserOut:
    return AdminUserOut(**_facts(user, sums))


def user_detail(
    user: User, row: UserRow, sums: UserSums, quotas: list[Quota], *, projects: int, sessions: int, api_tokens: int
) -> AdminUserDetail:
    return AdminUserDetail(
        **_facts(user, sums),
        quotas=[quota_out(quota) for quota in quotas],
        own_limits=OwnLimits.model_validate(row),
        projects=projects,
        sessions=sessions,
        api_tokens=api_tokens,
    )


def admin_job_out(row: tuple[Job, str]) -> AdminJobOut:
    job, username = row
    return AdminJobOut(
        id=job.id,
        user_id=job.user_id,
        username=username,
        kind=job.kind,
        state=job.state,
        attempt=job.attempt,
        created_at=job.created_at,
        started_at=job.started_at,
    )


def limits_in(body: QuotasIn) -> dict[str, int | Decimal | None]:
    """What the request says. Money is rounded up: less than a cent would be no limit at all."""
    said: dict[str, int | Decimal | None] = {name: getattr(body, name) for name in body.model_fields_set}
    if body.month_usd is not None:
        said["month_usd"] = Decimal(str(body.month_usd)).quantize(_CENT, ROUND_UP)
    return said


def _facts(user: User, sums: UserSums) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "is_admin": user.is_admin,
        "created_at": user.created_at,
        "suspended_at": user.suspended_at,
        "suspended_for": user.suspended_for,
        "deletion_requested_at": user.deletion_requested_at,
        "queued_jobs": sums.queued_jobs,
        "running_jobs": sums.running_jobs,
        "day_jobs": sums.day_jobs,
        "month_tokens": sums.month_tokens,
        "month_usd": round(float(sums.month_usd), _PLACES),
        "storage_bytes": sums.storage_bytes,
    }


def _number(value: object) -> int | float | None:
    if value is None or isinstance(value, int):
        return value
    return round(float(str(value)), _PLACES)


def _rounded(value: int | float) -> int | float:
    return value if isinstance(value, int) else round(value, _PLACES)
