"""The header `traceparent` of W3C's Trace Context: which trace a request belongs to, and what in it asked for it."""

import re

HEADER = "traceparent"

_SHAPE = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def usable(header: str | None) -> str | None:
    """The header if it is one of version 00; None: it is none, and whoever got it begins a trace of its own."""
    return header if header and _SHAPE.fullmatch(header) else None


def trace_id_of(header: str | None) -> str | None:
    """The trace that a usable header names: 32 hexadecimal digits."""
    found = _SHAPE.fullmatch(header or "")
    return found[1] if found else None
