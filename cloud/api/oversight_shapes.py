"""The JSON about the deployment's health and cost, for admins."""

import datetime as dt
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from cloud.api.usage_shapes import UsageGroup, UsageSums


class PartHealth(BaseModel):
    """One part of the deployment."""

    name: Literal["api", "database", "storage", "runners", "queue"]
    is_well: bool
    says: str = Field(description="One sentence for people.")


class RunnerOut(BaseModel):
    """A job runner that is connected to the database."""

    address: str = Field(description='"" is the database\'s own machine.')
    since: dt.datetime


class DeploymentHealth(BaseModel):
    parts: list[PartHealth]
    version: str
    schema_version: str
    database_ms: float = Field(description="How long the database took to answer.")
    database_bytes: int
    storage_bytes: int = Field(description="Of all users' scenes and files, each content once.")
    queued_jobs: int
    running_jobs: int
    oldest_waiting_s: float | None = Field(
        description="How long the first job waits that nobody has begun; null: none."
    )
    runners: list[RunnerOut]


class ClaimOut(BaseModel):
    """A job that runs, and what its runner has last said."""

    job_id: UUID
    user_id: UUID
    username: str
    kind: str
    attempt: int
    started_at: dt.datetime | None
    silent_s: float | None = Field(description="Seconds since the last sign of life; null: there was none yet.")
    is_held: bool = Field(description="Whether the runner that has it is connected.")


class DeploymentUsage(BaseModel):
    """What model calls of all users have cost. Accounts that are deleted are not in it."""

    totals: UsageSums
    by_day: list[UsageGroup]
    by_model: list[UsageGroup]
    by_payer: list[UsageGroup] = Field(description="Whose key paid: system, user, or nobody.")
    by_user: list[UsageGroup] = Field(description="By name, who cost the most first; 100 at most.")
