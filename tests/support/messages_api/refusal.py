"""The refusal of a request, and the checks that every part of it goes through."""

from collections.abc import Iterable
from typing import Any

from tests.support.messages_api.replies import ERROR_KINDS


class Refused(Exception):
    """The API does not take the request; the message is the API's kind of sentence."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.kind = ERROR_KINDS[status]


def demand_fields(where: str, value: Any, required: Iterable[str], optional: Iterable[str] = ()) -> None:
    """The value is an object with these fields and no others. Raises: Refused."""
    if not isinstance(value, dict):
        raise Refused(f"{where}: Input should be a valid dictionary")
    prefix = f"{where}." if where else ""
    for name in required:
        if name not in value:
            raise Refused(f"{prefix}{name}: Field required")
    for name in value:
        if name not in {*required, *optional}:
            raise Refused(f"{prefix}{name}: Extra inputs are not permitted")


def demand_type(where: str, value: Any, kind: type, called: str) -> None:
    """The value is of this type (a bool is no int). Raises: Refused."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Refused(f"{where}: Input should be a valid {called}")


def demand_one_of(where: str, value: Any, allowed: Iterable[str]) -> None:
    """The value is one of these words. Raises: Refused."""
    names = list(allowed)
    if value not in names:
        raise Refused(f"{where}: Input should be {', '.join(repr(name) for name in names)}")


def demand_cache_control(where: str, block: dict[str, Any]) -> None:
    """The block's cache mark, if it has one, is right. Raises: Refused."""
    mark = block.get("cache_control")
    if mark is None:
        return
    demand_fields(f"{where}.cache_control", mark, ["type"], ["ttl"])
    demand_one_of(f"{where}.cache_control.type", mark["type"], ["ephemeral"])
    if "ttl" in mark:
        demand_one_of(f"{where}.cache_control.ttl", mark["ttl"], ["5m", "1h"])
