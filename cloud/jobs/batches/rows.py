"""The rows of a batch's file, each with its place, before anybody looks whether they make sense."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from cloud.errors import InvalidInput

SHARED = ("quality", "detail", "max_usd")
"""Those that may be said once for a whole batch."""
FIELDS = ("prompt", "name", "model", "formats", "brief", *SHARED)
FIELDS_SAID = f"{', '.join(FIELDS[:-1])} and {FIELDS[-1]}"


class Fault(NamedTuple):
    """What is wrong, and where: `unit` is `line` (of the file, from 1) or `item` (of the list, from 1)."""

    unit: str
    number: int
    message: str

    def sentence(self) -> str:
        """Where and what, for people."""
        return f"{self.unit.capitalize()} {self.number}: {self.message[:1].lower()}{self.message[1:]}"


class MalformedBatch(InvalidInput):
    """Some of the batch cannot be used, so none of it is."""

    code = "malformed_batch"

    def __init__(self, faults: Sequence[Fault]) -> None:
        more = f" ({len(faults) - 1} more in `errors`)" if len(faults) > 1 else ""
        super().__init__(faults[0].sentence() + more)
        self.faults = tuple(faults)
        self.errors = [{fault.unit: fault.number, "message": fault.message} for fault in faults]


class UnreadableJson(InvalidInput):
    """The body claims to be JSON and is not."""

    code, http_status = "malformed_json", 400


class Row(NamedTuple):
    """What one row says, field by field."""

    unit: str
    number: int
    fields: Mapping[str, object]


def decode(content: bytes) -> str:
    """The text, without a byte order mark. Raises: MalformedBatch: it is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise MalformedBatch([Fault("line", line, "This is not UTF-8 text; save the file as UTF-8.")]) from error


def row_of(unit: str, number: int, value: object) -> Row | Fault:
    """A row out of a JSON value: a prompt alone, or an object."""
    if isinstance(value, str):
        return Row(unit, number, {"prompt": value})
    if isinstance(value, dict):
        return Row(unit, number, value)
    return Fault(unit, number, f"This must be a prompt or a JSON object, not {shown(value)}.")


def _read_json_lines(text: str) -> Iterator[Row | Fault]:
    for number, line in _lines_of(text):
        try:
            yield row_of("line", number, json.loads(line))
        except json.JSONDecodeError as error:
            yield Fault("line", number, f"This is not valid JSON from column {error.colno} on.")
        except (ValueError, RecursionError):
            yield Fault("line", number, "This JSON nests too deeply or holds a huge number.")


def _read_plain_lines(text: str) -> Iterator[Row | Fault]:
    for number, line in _lines_of(text):
        yield Row("line", number, {"prompt": line})


def _lines_of(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are not blank. Not `splitlines`: it would cut at characters that JSON and prompts may hold."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.removesuffix("\r")


def _read_csv(text: str) -> Iterator[Row | Fault]:
    first = text.lstrip("\r\n").partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(first), strict=True)
    columns: list[str] | None = None
    while True:
        line = reader.line_num + 1  # a quoted field may hold line breaks: a row is where it begins
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Fault("line", line, _csv_sentence(str(error)))
            return
        if not cells:
            continue
        if columns is None:
            columns = _columns_of(cells, line)
        elif len(cells) != len(columns):
            said = f"The row has {len(cells)} field{'s' * (len(cells) > 1)} where the header names {len(columns)}"
            yield Fault("line", line, f"{said}; put a prompt that holds a comma in quotation marks.")
        else:
            filled = {name: cell for name, cell in zip(columns, cells, strict=True) if cell.strip() or name == "prompt"}
            yield Row("line", line, filled)


READERS = {"csv": _read_csv, "jsonl": _read_json_lines, "txt": _read_plain_lines}


def _columns_of(cells: list[str], line: int) -> list[str]:
    columns = [cell.strip().lower() for cell in cells]
    if "prompt" not in columns:
        raise MalformedBatch(
            [Fault("line", line, "The first row must name the columns, and none of them is called prompt.")]
        )
    for name in columns:
        if name not in FIELDS:
            told = f"There is no column {shown(name)}; the columns are {FIELDS_SAID}."
            raise MalformedBatch([Fault("line", line, told)])
        if columns.count(name) > 1:
            raise MalformedBatch([Fault("line", line, f"The column {name} comes twice.")])
    return columns


def delimiter_of(header: str) -> str:
    """Spreadsheets write semicolons where the comma is the decimal sign, or tabs."""
    return next((each for each in ",;\t" if each in header and "prompt" in header_cells(header, each)), ",")


def header_cells(header: str, delimiter: str) -> list[str]:
    """The names of the columns, if the line is a header."""
    return [cell.strip().strip('"').lower() for cell in header.split(delimiter)]


def _csv_sentence(error: str) -> str:
    if "unexpected end" in error:
        return "A quotation mark opens here and is never closed."
    if "expected after" in error:
        return "Text follows a closing quotation mark; write a quotation mark within quotation marks twice."
    if "field limit" in error:
        return "A field is far too long; perhaps a quotation mark is not closed."
    return "This is not a row of CSV."


def shown(value: object) -> str:
    """A foreign value in a sentence: short, on one line, and encodable whatever it holds."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    text = repr(value) if isinstance(value, str) and value.isprintable() else ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
