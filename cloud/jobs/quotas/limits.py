"""What one user may use, and what all together may: the user's own limits where an admin has set some."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloud.settings import Settings

MIB = 2**20
DAY = dt.timedelta(hours=24)


@dataclass(frozen=True)
class UserRow:
    """What a user's row says of limits and standing. A limit that is None is the setting's, 0 is none at all."""

    day_job_limit: int | None
    month_usd_limit: Decimal | None
    month_token_limit: int | None
    storage_mib_limit: int | None
    suspended_at: dt.datetime | None
    suspended_for: str
    deletion_requested_at: dt.datetime | None


@dataclass(frozen=True)
class Limits:
    """The limits that hold; None: there is none. Money is in US dollars, both months are calendar months (UTC)."""

    day_jobs: int | None
    month_usd: Decimal | None
    month_tokens: int | None
    storage_bytes: int | None


def limits_of_user(row: UserRow, settings: "Settings") -> Limits:
    """Those of one user."""

    def chosen(own: int | None, usual: int) -> int | None:
        return (usual if own is None else own) or None

    usual_usd = Decimal(str(settings.user_month_usd))
    storage_mib = chosen(row.storage_mib_limit, settings.user_storage_mib)
    return Limits(
        day_jobs=chosen(row.day_job_limit, settings.user_day_jobs),
        month_usd=(usual_usd if row.month_usd_limit is None else row.month_usd_limit) or None,
        month_tokens=chosen(row.month_token_limit, settings.user_month_tokens),
        storage_bytes=storage_mib * MIB if storage_mib else None,
    )


def limits_of_all(settings: "Settings") -> Limits:
    """Those of the whole deployment."""
    return Limits(
        day_jobs=settings.day_jobs or None,
        month_usd=Decimal(str(settings.month_usd)) or None,
        month_tokens=settings.month_tokens or None,
        storage_bytes=settings.storage_mib * MIB or None,
    )
