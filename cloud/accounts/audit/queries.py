"""The SQL of the audit log. The caller's transaction: an act and its entry are committed together or not at all."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from cloud.accounts.origin import Origin
from cloud.db.account_models import AuditEntry


async def add_entry(
    session: AsyncSession,
    action: str,
    *,
    actor: uuid.UUID | None,
    origin: Origin,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """One act, named `noun.verb` (`session.created`, `password.changed`, `token.revoked`, …).

    `subject` is what it was done to (`user:<id>`, `share:<id>`); `details` are few and hold no secret.
    """
    entry = AuditEntry(
        actor_id=actor,
        action=action,
        subject=subject,
        address=origin.address,
        device=origin.device,
        details=dict(details or {}),
    )
    session.add(entry)
    await session.flush()
