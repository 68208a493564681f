"""Notes in the audit log which files have left, once an hour for each file and session."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Response

from cloud.accounts.audit.queries import add_entry_once_an_hour
from cloud.api.dependencies import IdentityDep, OriginDep, ServicesDep

_SENT = frozenset({200, 206, 307})


@dataclass(frozen=True)
class DownloadNotes:
    """For one request."""

    identity: IdentityDep
    origin: OriginDep
    services: ServicesDep

    async def note(self, subject: str, response: Response, *, media_type: str = "", name: str = "") -> None:
        """The response gives `subject` (`artifact:<id>`) away, unless it is an error or "as you have it".

        Pictures are not noted: every look at a page fetches dozens, and they tell nothing of what was taken.
        """
        if response.status_code not in _SENT or media_type.startswith("image/"):
            return
        identity = self.identity
        by = f"token:{identity.token_id}" if identity.token_id else f"session:{identity.session_id}"
        details = {"with": by, **({"name": name} if name else {})}
        async with self.services.database.sessions.begin() as session:
            await add_entry_once_an_hour(
                session,
                "artifact.downloaded",
                actor=identity.user.id,
                origin=self.origin,
                subject=subject,
                details=details,
            )


DownloadNotesDep = Annotated[DownloadNotes, Depends(DownloadNotes)]
