"""Pages of a list, newest first, by a cursor that stays right while rows are added."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Self, TypeVar
from uuid import UUID

from cloud.errors import InvalidInput

T = TypeVar("T")

CURSOR_PATTERN = "^[0-9]{1,16}-[0-9a-f]{32}$"
"""What every cursor looks like; each text that does is one. Microseconds since 1970, and the row's id."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Cursor:
    """The last row of a page: the next page holds what is older."""

    created_at: dt.datetime
    id: UUID

    def encode(self) -> str:
        """An opaque string for the client."""
        return f"{(self.created_at - _EPOCH) // dt.timedelta(microseconds=1)}-{self.id.hex}"

    @classmethod
    def decode(cls, text: str) -> Self:
        """Raises: InvalidInput: it is none of ours."""
        if re.fullmatch(CURSOR_PATTERN, text) is None or text.endswith("\n"):
            raise InvalidInput("The cursor is none that this server gave out; start from the first page.")
        microseconds, _, identifier = text.partition("-")
        return cls(_EPOCH + dt.timedelta(microseconds=int(microseconds)), UUID(identifier))


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, and the cursor of the next page if there is one."""

    rows: Sequence[T]
    next_cursor: str | None


def cut_page(rows: Sequence[T], limit: int, cursor_of: Callable[[T], Cursor]) -> Page[T]:
    """The page out of `limit + 1` rows: the last one only says that there is more."""
    page = rows[:limit]
    return Page(page, cursor_of(page[-1]).encode() if len(rows) > limit else None)
