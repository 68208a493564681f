"""What is told of the audit log: to its own user, to admins, and as a file."""

import csv
import datetime as dt
import io
import json
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from cloud.accounts.audit.queries import NamedEntry

CSV_HEAD = ("id", "at", "action", "actor_id", "actor_name", "subject", "address", "device", "details")


class AuditEntryOut(BaseModel):
    """One act. Actions are named `noun.verb`: session.created, session.failed, artifact.downloaded, quota.set, …"""

    id: int
    at: dt.datetime
    action: str
    actor_id: UUID | None = Field(description="Who did it; null: nobody who was signed in, or the server's operator.")
    actor_name: str | None = Field(description="What they are called now; null: the account is gone, or nobody's.")
    subject: str = Field(description="What it was done to, as `kind:id`: user:…, session:…, artifact:…")
    address: str
    device: str
    details: dict[str, Any]


class AuditPage(BaseModel):
    """Newest first."""

    items: list[AuditEntryOut]
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; null: this was the last.")


def entry_out(named: NamedEntry) -> AuditEntryOut:
    """Everything."""
    entry = named.entry
    return AuditEntryOut(
        id=entry.id,
        at=entry.at,
        action=entry.action,
        actor_id=entry.actor_id,
        actor_name=named.actor_name,
        subject=entry.subject,
        address=entry.address,
        device=entry.device,
        details=entry.details,
    )


def own_entry_out(named: NamedEntry, user_id: UUID) -> AuditEntryOut:
    """For the user: where an admin was who did something to the account is not theirs to know, nor which one."""
    shown = entry_out(named)
    if named.entry.actor_id in (None, user_id):
        return shown
    return shown.model_copy(update={"actor_name": "an admin", "actor_id": None, "address": "", "device": ""})


def json_line(named: NamedEntry) -> str:
    """One line of the export as JSON lines."""
    return entry_out(named).model_dump_json() + "\n"


def csv_head() -> str:
    """The header of the export as CSV."""
    return _line(CSV_HEAD)


def csv_row(named: NamedEntry) -> str:
    """One line of it. `details` is JSON."""
    facts = entry_out(named).model_dump(mode="json")
    details = json.dumps(facts["details"], ensure_ascii=False, sort_keys=True) if facts["details"] else ""
    return _line([*(facts[name] if facts[name] is not None else "" for name in CSV_HEAD[:-1]), details])


def _line(values: Any) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([_plain(value) for value in values])
    return line.getvalue()


def _plain(value: object) -> object:
    """A text that a spreadsheet takes for a formula is made a text: browsers and users choose what they are called."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
