"""PLY read strictly, as far as needed to know that it is whole: Blender's importer trusts each count and index.

(trimesh reads no binary PLY whose faces differ in size, which is what Blender itself writes.)
"""

import itertools
import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

_TYPES = {"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"}
_TYPES |= {"int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4"}
_TYPES |= {"float": "f4", "double": "f8", "float32": "f4", "float64": "f8"}
_HEADER_LIMIT_BYTES = 65_536


class UnreadablePly(Exception):
    """The file is no sound PLY; the text says why."""


@dataclass(frozen=True)
class _Element:
    """One kind of row: its properties in order, each with the type of a list's length before it, if it is one."""

    name: str
    count: int
    properties: list[tuple[str, str | None, str]] = field(default_factory=list)


def check_ply(path: Path) -> None:
    """Return if each row is there and each face names three or more vertices that are. Raises: UnreadablePly."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        encoding, elements, start = _header(data)
        vertices = next((element.count for element in elements if element.name == "vertex"), 0)
        if not vertices:
            raise UnreadablePly("it holds no vertices")
        if encoding == "ascii":
            _check_text(data[start:].split(b"\n"), elements, vertices)
            return
        order = "<" if encoding == "binary_little_endian" else ">"
        for element in elements:
            start = _check_rows(data, start, element, order, vertices)


def _header(data: mmap.mmap) -> tuple[str, list[_Element], int]:
    end = data.find(b"end_header", 0, _HEADER_LIMIT_BYTES)
    after = data.find(b"\n", end)
    if data[:3] != b"ply" or end < 0 or after < 0:
        raise UnreadablePly("it is no .ply file, or ends within its header")
    encoding, elements = "", list[_Element]()
    for words in (line.split() for line in data[:end].decode("latin-1").splitlines()):
        match words:
            case ["format", ("ascii" | "binary_little_endian" | "binary_big_endian") as encoding, *_]:
                continue
            case ["element", name, count] if count.isdecimal():
                elements.append(_Element(name, int(count)))
            case ["property", "list", length, kind, name] if elements and length in _TYPES and kind in _TYPES:
                elements[-1].properties.append((name, _TYPES[length], _TYPES[kind]))
            case ["property", kind, name] if elements and kind in _TYPES:
                elements[-1].properties.append((name, None, _TYPES[kind]))
            case ["ply"] | ["comment", *_] | ["obj_info", *_] | []:
                continue
            case _:
                raise UnreadablePly(f"its header has a line that is none: {' '.join(words)[:60]!r}")
    if not encoding:
        raise UnreadablePly("its header names no format")
    return encoding, elements, after + 1


def _check_rows(data: mmap.mmap, start: int, element: _Element, order: str, vertices: int) -> int:
    """Check the binary rows of an element. Returns: where the next begins."""
    lists = [name for name, length, _ in element.properties if length]
    if not element.count or not element.properties:
        return start
    row = _row_type(data, start, element, order)
    if start + row.itemsize * element.count <= len(data):
        rows = np.frombuffer(data, row, element.count, start)
        if all((rows[f"{name} length"] == rows[f"{name} length"][0]).all() for name in lists):
            corners = [rows[name] for name in lists if element.name == "face" and name.startswith("vertex_ind")]
            extremes = [(values.shape[1], int(values.min(initial=0)), int(values.max(initial=0))) for values in corners]
            end = start + row.itemsize * element.count
            del rows, corners  # they hold the map open
            for extreme in extremes:
                _check_corners(*extreme, vertices)
            return end
        del rows
    if not lists:
        raise UnreadablePly("it claims more than it holds")
    return _check_uneven_rows(data, start, element, order, vertices)


def _row_type(data: mmap.mmap, start: int, element: _Element, order: str) -> np.dtype[Any]:
    """The type of all rows, if all lists are as long as those of the first row."""
    fields: list[Any] = []
    for name, length, kind in element.properties:
        if length:
            size = _number(data, start + np.dtype(fields).itemsize if fields else start, order + length)
            fields += [(f"{name} length", order + length), (name, order + kind, (size,))]
        else:
            fields.append((name, order + kind))
    try:
        return np.dtype(fields)
    except ValueError as error:
        raise UnreadablePly(f"its header is damaged ({error})") from error


def _number(data: mmap.mmap, at: int, kind: str) -> int:
    size = np.dtype(kind).itemsize
    if at + size > len(data):
        raise UnreadablePly("it claims more than it holds")
    value = np.frombuffer(data[at : at + size], kind)[0]
    if not 0 <= value <= len(data):
        raise UnreadablePly("a list has an impossible length")
    return int(value)


def _check_uneven_rows(data: mmap.mmap, at: int, element: _Element, order: str, vertices: int) -> int:
    for _ in range(element.count):
        for name, length, kind in element.properties:
            size = np.dtype(kind).itemsize
            if length:
                count = _number(data, at, order + length)
                at += np.dtype(length).itemsize
                size *= count
                if element.name == "face" and name.startswith("vertex_ind") and at + size <= len(data):
                    values = np.frombuffer(data[at : at + size], order + kind)
                    _check_corners(count, int(values.min(initial=0)), int(values.max(initial=0)), vertices)
            at += size
        if at > len(data):
            raise UnreadablePly("it claims more than it holds")
    return at


def _check_text(lines: Sequence[bytes], elements: Sequence[_Element], vertices: int) -> None:
    rows: Iterator[list[bytes]] = (words for words in map(bytes.split, lines) if words)
    for element in elements:
        for words in itertools.islice(rows, element.count) if len(lines) >= element.count else ():
            _check_words(words, element, vertices)
        if len(lines) < element.count:
            raise UnreadablePly("it claims more than it holds")


def _check_words(words: list[bytes], element: _Element, vertices: int) -> None:
    at = 0
    try:
        for name, length, _ in element.properties:
            count = int(words[at]) if length else 1
            values = words[at + 1 : at + 1 + count] if length else words[at : at + 1]
            if count < 0 or len(values) < count:
                raise UnreadablePly("a line is shorter than it claims")
            if length and element.name == "face" and name.startswith("vertex_ind"):
                corners = [int(value) for value in values]
                _check_corners(count, min(corners, default=0), max(corners, default=0), vertices)
            elif not length:
                float(values[0])
            at += count + bool(length)
    except (ValueError, IndexError) as error:
        raise UnreadablePly(f"a line holds no numbers ({b' '.join(words)[:40]!r})") from error


def _check_corners(count: int, lowest: int, highest: int, vertices: int) -> None:
    if count < 3:
        raise UnreadablePly("a face has fewer than three corners")
    if lowest < 0 or highest >= vertices:
        raise UnreadablePly("a face names a vertex that is not there")
