"""The JSON about the deployment's health and cost, as admins' clients see it. As in `ui.api_types`: no behaviour."""

from typing import Literal, TypedDict

from ui.api_types import UsageGroup, UsageSums


class PartHealth(TypedDict):
    """One part of the deployment; `says` is a sentence for people."""

    name: Literal["api", "database", "storage", "runners", "queue"]
    is_well: bool
    says: str


class ConnectedRunner(TypedDict):
    """A job runner that is connected to the database; `address` "" is the database's own machine."""

    address: str
    since: str


class DeploymentHealth(TypedDict):
    """How the deployment is, as its API sees it."""

    parts: list[PartHealth]
    version: str
    schema_version: str
    database_ms: float
    database_bytes: int
    storage_bytes: int
    queued_jobs: int
    running_jobs: int
    oldest_waiting_s: float | None
    runners: list[ConnectedRunner]


class Claim(TypedDict):
    """A job that runs. `silent_s`: seconds since its runner's last sign of life; `is_held`: the runner is connected."""

    job_id: str
    user_id: str
    username: str
    kind: str
    attempt: int
    started_at: str | None
    silent_s: float | None
    is_held: bool


class DeploymentUsage(TypedDict):
    """What model calls of all users have cost."""

    totals: UsageSums
    by_day: list[UsageGroup]
    by_model: list[UsageGroup]
    by_payer: list[UsageGroup]
    by_user: list[UsageGroup]


class OneTimeLink(TypedDict):
    """A link that works once, as the list shows it."""

    id: str
    note: str
    created_at: str
    expires_at: str


class NewLink(OneTimeLink):
    """One that has just been made: `code` and `url` are shown this once."""

    code: str
    url: str
