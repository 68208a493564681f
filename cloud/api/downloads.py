"""The headers of a download: which bytes are wanted, and what the file is called."""

import re
from typing import NamedTuple
from urllib.parse import quote

_ONE_RANGE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.IGNORECASE | re.ASCII)


class ByteRange(NamedTuple):
    """The bytes from `start` to before `end`."""

    start: int
    end: int
    is_partial: bool


def parse_range(header: str | None, size_bytes: int) -> ByteRange | None:
    """What `Range` asks for; the whole file if it is absent, malformed or names several ranges (RFC 9110 allows it).

    None: it lies outside of the file (416).
    """
    whole = ByteRange(0, size_bytes, is_partial=False)
    found = _ONE_RANGE.fullmatch(header.strip()) if header else None
    if found is None or found.groups() == ("", ""):
        return whole
    first, last = found.groups()
    if not first:
        length = min(int(last), size_bytes)
        return ByteRange(size_bytes - length, size_bytes, is_partial=True) if length else None
    start = int(first)
    end = min(int(last) + 1, size_bytes) if last else size_bytes
    if last and int(last) < start:
        return whole
    return ByteRange(start, end, is_partial=True) if start < size_bytes else None


def attachment_header(name: str) -> str:
    """`Content-Disposition` for a file of this name in any script (RFC 6266, RFC 8187)."""
    plain = re.sub(r'[^\x20-\x7e]|["\\%;/]', "_", name)
    if plain == name:
        return f'attachment; filename="{plain}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
