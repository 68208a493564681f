"""What can be followed."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Topic:
    """The events of one job, numbered within it, or of one project, numbered within that."""

    kind: Literal["job", "project"]
    id: UUID
