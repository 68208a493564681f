"""The calls of admins about the deployment's health and cost, and about the links that they hand on."""

from collections.abc import Iterator

from ui.api_requests import ApiRequests, path_of
from ui.oversight_types import Claim, DeploymentHealth, DeploymentUsage, NewLink, OneTimeLink
from ui.quota_types import AdminUserDetail


class OversightCalls(ApiRequests):
    """Everybody else gets ApiError 403 from each of these."""

    def deployment_health(self) -> DeploymentHealth:
        """How the parts are, as the API sees them now."""
        return self._json("GET", path_of("admin", "health"))

    def claims(self) -> list[Claim]:
        """The running jobs of all users, the oldest first."""
        return self._json("GET", path_of("admin", "claims"))["items"]

    def deployment_usage(self, since: str | None = None) -> DeploymentUsage:
        """What all users' calls have cost, of the days (ISO, UTC) from `since` on."""
        return self._json("GET", path_of("admin", "usage"), params={"since": since} if since else {})

    def make_admin(self, user_id: str) -> AdminUserDetail:
        """The user is an admin too. Raises: ApiError 409: they are one, or suspended."""
        return self._json("POST", path_of("admin", "users", user_id, "make-admin"))

    def make_reset_link(self, user_id: str) -> NewLink:
        """A link with which the user sets a new password, within an hour."""
        return self._json("POST", path_of("admin", "users", user_id, "reset-link"))

    def invites(self) -> Iterator[OneTimeLink]:
        """Those that can still be used, newest first."""
        return self._pages(path_of("admin", "invites"))

    def make_invite(self, note: str, valid_days: float) -> NewLink:
        """A link with which one person can sign up."""
        return self._json("POST", path_of("admin", "invites"), json={"note": note, "valid_days": valid_days})

    def revoke_invite(self, link_id: str) -> None:
        """The link is worth nothing from now on. Raises: ApiError 404."""
        self._send("DELETE", path_of("admin", "invites", link_id))
