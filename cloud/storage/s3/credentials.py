"""Whose credentials open the bucket, renewed before they end. One source for requests and for links.

obstore finds the same sources by itself, and hands its credentials to nobody: the links that we sign need them too,
and two chains might find two. See `sources.py` for the sources.
"""

import datetime as dt
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cloud.errors import Unavailable
from cloud.redaction import keep_secret

if TYPE_CHECKING:
    from obstore.store import S3Credential

# AWS renews a role's own credentials at the latest 5 minutes before they end.
_RENEWED_BEFORE = dt.timedelta(minutes=10)
_LAST_USE_BEFORE = dt.timedelta(seconds=30)
_AGAIN_AFTER = dt.timedelta(seconds=5)

log = logging.getLogger(__name__)


class CredentialsUnavailable(Unavailable):
    """No credentials for the bucket can be had. `is_final`: waiting does not help, the setup has to change."""

    code = "credentials_unavailable"

    def __init__(self, why: str, *, is_final: bool = False) -> None:
        super().__init__(f"There are no credentials for the artifact store: {why}.")
        self.is_final = is_final


@dataclass(frozen=True)
class Credentials:
    """What requests are signed with. `expires_at` None: they do not end."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires_at: dt.datetime | None = None


Source = Callable[[], Credentials]
"""Fetches credentials, blocking for some seconds at most. Raises: CredentialsUnavailable."""


class RenewedCredentials:
    """The credentials of one source. Any thread; obstore's own call it too, and wait for it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._held: Credentials | None = None
        self._not_before = dt.datetime.min.replace(tzinfo=dt.UTC)

    @property
    def are_fresh(self) -> bool:
        """Whether `current` answers without asking anybody."""
        return self._held is not None and not _ends_within(self._held, _RENEWED_BEFORE)

    def current(self) -> Credentials:
        """Credentials that hold for a while; may block for some seconds. Raises: CredentialsUnavailable."""
        with self._lock:
            held, now = self._held, dt.datetime.now(dt.UTC)
            if held is not None and (self.are_fresh or (now < self._not_before and _still_hold(held))):
                return held
            try:
                self._held = fetched = self._source()
            except CredentialsUnavailable as error:
                self._not_before = now + _AGAIN_AFTER
                if held is None or not _still_hold(held):
                    raise
                log.warning("credentials could not be renewed; the old ones still hold", extra={"why": str(error)})
                return held
            keep_secret(fetched.secret_access_key, fetched.session_token)
            return fetched

    def for_obstore(self) -> "S3Credential":
        """`current`, in obstore's words."""
        found = self.current()
        return {
            "access_key_id": found.access_key_id,
            "secret_access_key": found.secret_access_key,
            "token": found.session_token,
            "expires_at": found.expires_at,
        }


def _still_hold(held: Credentials) -> bool:
    return not _ends_within(held, _LAST_USE_BEFORE)


def _ends_within(held: Credentials, time: dt.timedelta) -> bool:
    return held.expires_at is not None and held.expires_at - dt.datetime.now(dt.UTC) < time
