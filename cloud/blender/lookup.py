"""Answers about Blender's API, from an index that a running Blender made of itself."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LookupAnswer:
    """What was found, for the model and for code."""

    text: str
    structured: dict[str, Any]


class ApiIndex:
    """The index."""

    @classmethod
    def from_bytes(cls, data: bytes) -> "ApiIndex":
        """The index as it was built."""
        raise NotImplementedError

    def answer(self, query: str) -> LookupAnswer:
        """What the index says."""
        raise NotImplementedError
