"""The calls about the audit log."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, TypedDict
from urllib.parse import urlencode

from ui.api_requests import ApiRequests


class AuditEntry(TypedDict):
    """One act. `actor_name` is null for an account that is gone, for the operator, and for who was not signed in."""

    id: int
    at: str
    action: str
    actor_id: str | None
    actor_name: str | None
    subject: str
    address: str
    device: str
    details: dict[str, object]


class AuditCalls(ApiRequests):
    """See what was done to one's account, and, as an admin, to all."""

    def own_audit(self, action: str = "") -> Iterator[AuditEntry]:
        """One's own entries, newest first, fetched page by page as they are asked for."""
        return self._pages("/v1/account/audit", {"action": action} if action else None)

    def audit(self, wanted: Mapping[str, str] | None = None) -> Iterator[AuditEntry]:
        """All entries, newest first. `wanted`: actor (an id), action, subject, since, until.

        Raises: ApiError 403: one is no admin.
        """
        return self._pages("/v1/admin/audit", dict(wanted or {}))

    def export_audit(self, to: Path, form: Literal["csv", "jsonl"], wanted: Mapping[str, str] | None = None) -> int:
        """All entries, oldest first, as a file; the log tells of it. Returns: its bytes. Raises also: OSError."""
        return self._download(f"/v1/admin/audit?{urlencode({**(wanted or {}), 'format': form})}", to, None)
