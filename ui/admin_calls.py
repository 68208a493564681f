"""The calls that admins alone may make: accounts, their quotas and suspension, and what is at work."""

from collections.abc import Iterator, Mapping

from ui.api_requests import ApiRequests, path_of
from ui.quota_types import AdminJob, AdminUser, AdminUserDetail, Deployment


class AdminCalls(ApiRequests):
    """Everybody else gets ApiError 403 from each of these."""

    def list_users(self, search: str = "", *, suspended: bool | None = None) -> Iterator[AdminUser]:
        """Accounts, newest first, whose names hold `search`; fetched page by page as they are asked for."""
        asked = {"search": search} if search else {}
        return self._pages(
            path_of("admin", "users"), asked if suspended is None else asked | {"suspended": str(suspended).lower()}
        )

    def get_user(self, user_id: str) -> AdminUserDetail:
        """One account. Raises: ApiError 404."""
        return self._json("GET", path_of("admin", "users", user_id))

    def set_user_quotas(self, user_id: str, limits: Mapping[str, float | None]) -> AdminUserDetail:
        """Set limits of the account's own, by the names of `OwnLimits`. None: the server's usual one; 0: no limit."""
        return self._json("PATCH", path_of("admin", "users", user_id, "quotas"), json=dict(limits))

    def suspend_user(self, user_id: str, reason: str = "") -> AdminUserDetail:
        """The account can do nothing from now on; its jobs are cancelled. `reason` is told to its user.

        Raises: ApiError 409: it is one's own, or the last admin's.
        """
        return self._json("POST", path_of("admin", "users", user_id, "suspend"), json={"reason": reason})

    def restore_user(self, user_id: str) -> AdminUserDetail:
        """The account works again. Raises: ApiError 409: it is not suspended."""
        return self._json("POST", path_of("admin", "users", user_id, "restore"))

    def unfinished_jobs(self, state: str | None = None) -> Iterator[AdminJob]:
        """Queued and running jobs of all users, newest first; `state`: only these."""
        return self._pages(path_of("admin", "jobs"), {"state": state} if state else None)

    def deployment(self) -> Deployment:
        """All users together."""
        return self._json("GET", path_of("admin", "deployment"))
