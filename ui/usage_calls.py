"""The calls about what model calls have cost, and how much one may still do."""

from pathlib import Path

from ui.api_requests import ApiRequests, path_of
from ui.api_types import UsageReport
from ui.quota_types import Quota


class UsageCalls(ApiRequests):
    """See what one's jobs have cost, and take the ledger home."""

    def usage(self, since: str | None = None, until: str | None = None) -> UsageReport:
        """The sums, of the days (ISO, UTC) from `since` to `until`."""
        return self._json("GET", path_of("usage"), params=_days(since, until))

    def quotas(self) -> list[Quota]:
        """How much one may still do: jobs, storage, tokens, money."""
        return self._json("GET", path_of("account", "quotas"))["items"]

    def download_usage(self, to: Path, since: str | None = None, until: str | None = None) -> int:
        """Every call of those days as CSV. Returns: its bytes. Raises also: OSError."""
        asked = "".join(f"&{name}={day}" for name, day in _days(since, until).items())
        return self._download(f"{path_of('usage', 'rows')}?format=csv{asked}", to, None)


def _days(since: str | None, until: str | None) -> dict[str, str]:
    return {name: day for name, day in (("since", since), ("until", until)) if day is not None}
