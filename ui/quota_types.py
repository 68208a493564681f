"""The JSON of quotas and of admins' answers, as the clients see it. As in `ui.api_types`: no behaviour."""

from typing import Literal, TypedDict

QuotaName = Literal["day_jobs", "running_jobs", "storage_bytes", "month_tokens", "month_usd"]


class Quota(TypedDict):
    """One quota and how much of it is used. `limit` and `left` None: there is no limit. `renews_at` None: no time
    makes more of it."""

    name: QuotaName
    limit: float | None
    used: float
    left: float | None
    renews_at: str | None


class OwnLimits(TypedDict):
    """A user's own limits. None: the server's usual one holds; 0: no limit."""

    day_jobs: int | None
    month_usd: float | None
    month_tokens: int | None
    storage_mib: int | None


class AdminUser(TypedDict):
    """An account as admins see it: counts, sizes and states, nothing of what its user makes."""

    id: str
    username: str
    is_admin: bool
    created_at: str
    suspended_at: str | None
    suspended_for: str
    deletion_requested_at: str | None
    queued_jobs: int
    running_jobs: int
    day_jobs: int
    month_tokens: int
    month_usd: float
    storage_bytes: int


class AdminUserDetail(AdminUser):
    """The same with quotas, and how many projects, sessions and API tokens there are."""

    quotas: list[Quota]
    own_limits: OwnLimits
    projects: int
    sessions: int
    api_tokens: int


class AdminJob(TypedDict):
    """A job that has not ended, without what it is about."""

    id: str
    user_id: str
    username: str
    kind: str
    state: str
    attempt: int
    created_at: str
    started_at: str | None


class Deployment(TypedDict):
    """All users together."""

    users: int
    admins: int
    suspended_users: int
    queued_jobs: int
    running_jobs: int
    quotas: list[Quota]
