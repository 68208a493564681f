"""What somebody is told whose account is suspended or being deleted."""

import datetime as dt
from typing import TYPE_CHECKING, Protocol

from cloud.errors import Forbidden

if TYPE_CHECKING:
    from cloud.db.models import User


class Standing(Protocol):
    """What of a user's row says whether they may do anything."""

    @property
    def suspended_at(self) -> dt.datetime | None: ...

    @property
    def suspended_for(self) -> str: ...

    @property
    def deletion_requested_at(self) -> dt.datetime | None: ...


class AccountSuspended(Forbidden):
    """An admin has suspended the account. `reason` is what the admin wrote for its user; "" for nothing."""

    code = "account_suspended"

    def __init__(self, reason: str = "") -> None:
        why = f": {reason.rstrip('.')}" if reason else ""
        super().__init__(f"This account is suspended{why}. Ask the administrator of this server.")


class AccountBeingDeleted(Forbidden):
    """The account is being deleted."""

    code = "account_being_deleted"

    def __init__(self) -> None:
        super().__init__("This account is being deleted; it can do nothing any more.")


def refusal_of(account: "User | Standing") -> Forbidden | None:
    """Why the account may do nothing; None: it may."""
    if account.deletion_requested_at is not None:
        return AccountBeingDeleted()
    return AccountSuspended(account.suspended_for) if account.suspended_at is not None else None


def require_active(account: "User | Standing") -> None:
    """Raises: AccountSuspended. AccountBeingDeleted."""
    if (refusal := refusal_of(account)) is not None:
        raise refusal
