"""Pages of a gallery by a cursor for each way to sort it, that stays right while projects come and go."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal, Self
from uuid import UUID

from cloud.errors import InvalidInput

Sort = Literal["created", "changed", "name", "size"]
State = Literal["busy", "ready", "empty"]

CURSOR_PATTERN = "^[0-9]{1,16}-[0-9a-f]{32}(?:-(?:[0-9a-f]{2}){0,2400})?$"
"""What every cursor looks like; each text that does is one. A number, the project's id, and its name."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class GalleryCursor:
    """The last project of a page. `number` is its time in microseconds since 1970, or its bytes; `name` is folded."""

    number: int
    id: UUID
    name: str = ""

    @property
    def moment(self) -> dt.datetime:
        """The number as a time."""
        return _EPOCH + dt.timedelta(microseconds=self.number)

    def encode(self) -> str:
        """An opaque string for the client."""
        text = f"-{self.name.encode().hex()}" if self.name else ""
        return f"{self.number}-{self.id.hex}{text}"

    @classmethod
    def decode(cls, text: str) -> Self:
        """Raises: InvalidInput: it is none of ours."""
        if re.fullmatch(CURSOR_PATTERN, text) is None or text.endswith("\n"):
            raise InvalidInput("The cursor is none that this server gave out; start from the first page.")
        number, identifier, name = (*text.split("-"), "")[:3]
        told = bytes.fromhex(name).decode(errors="replace").replace("\0", "")
        return cls(int(number), UUID(identifier), told)


def microseconds(moment: dt.datetime) -> int:
    """Since 1970."""
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)
