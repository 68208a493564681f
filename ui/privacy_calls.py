"""The calls by which one takes all one's data home, and gives the account up."""

from pathlib import Path

import httpx2

from ui.account_types import Deletion
from ui.api_requests import ApiRequests, Progress, path_of

# All texts of a large account are read before the first byte comes.
_COLLECTING = httpx2.Timeout(600.0, connect=5.0)


class PrivacyCalls(ApiRequests):
    """Export the account, delete it, and see how far a deletion is."""

    def export_account(self, to: Path, progress: Progress | None = None) -> int:
        """Everything that the server keeps of one, as a zip, which is streamed to `to` and appears when it is whole.

        Returns: its bytes. Raises also: OSError; ApiError 429: an export runs already.
        """
        return self._download("/v1/account/export", to, progress, method="POST", timeout=_COLLECTING)

    def delete_account(self, username: str, password: str | None) -> Deletion:
        """Close the account at once and have all that is its deleted; this client is nobody from then on.

        `username` confirms it; `password` None where the account has none. Raises: ApiError 403: the password is wrong,
        or one has to sign in again. ApiError 409: the last admin. ApiError 422: it is not one's name.
        """
        asked = {"username": username} | ({} if password is None else {"password": password})
        deletion: Deletion = self._json("DELETE", "/v1/account", json=asked)
        self.token = None
        return deletion

    def deletion(self, report_id: str) -> Deletion:
        """How far a deletion is. Raises: ApiError 404: there is no such report (any more)."""
        return self._json("GET", path_of("deletions", report_id))
