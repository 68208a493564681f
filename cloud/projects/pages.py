"""Pages of a list, newest first, by a cursor that stays right while rows are added."""

import base64
import binascii
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Self, TypeVar
from uuid import UUID

from cloud.errors import InvalidInput

T = TypeVar("T")


@dataclass(frozen=True)
class Cursor:
    """The last row of a page: the next page holds what is older."""

    created_at: dt.datetime
    id: UUID

    def encode(self) -> str:
        """An opaque string for the client."""
        return base64.urlsafe_b64encode(f"{self.created_at.isoformat()}|{self.id}".encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Self:
        """Raises: InvalidInput: it is none of ours."""
        try:
            plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
            created_at, _, identifier = plain.partition("|")
            cursor = cls(dt.datetime.fromisoformat(created_at), UUID(identifier))
        except (binascii.Error, ValueError) as error:
            raise InvalidInput("The cursor is none that this server gave out; start from the first page.") from error
        if cursor.created_at.tzinfo is None:
            raise InvalidInput("The cursor is none that this server gave out; start from the first page.")
        return cursor


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, and the cursor of the next page if there is one."""

    rows: Sequence[T]
    next_cursor: str | None


def cut_page(rows: Sequence[T], limit: int, cursor_of: Callable[[T], Cursor]) -> Page[T]:
    """The page out of `limit + 1` rows: the last one only says that there is more."""
    page = rows[:limit]
    return Page(page, cursor_of(page[-1]).encode() if len(rows) > limit else None)
