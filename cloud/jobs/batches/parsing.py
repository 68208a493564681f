"""A batch as people write it (JSON, CSV, JSON lines, plain lines), made into items or into sentences of what is wrong.

It knows neither database nor HTTP: the API reads bodies with it, and the command line files, with the same words.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, cast, get_args

from pydantic import ValidationError

from cloud.agent.brief import Brief, brief_of_text
from cloud.errors import InvalidInput
from cloud.jobs.batches.rows import (
    FIELDS,
    FIELDS_SAID,
    READERS,
    SHARED,
    Fault,
    MalformedBatch,
    Row,
    UnreadableJson,
    decode,
    delimiter_of,
    header_cells,
    row_of,
    shown,
)
from cloud.jobs.formats import FORMATS
from cloud.jobs.options import Detail, Quality
from cloud.jobs.prompt import checked_prompt, name_of
from cloud.projects.names import checked_project_name

Kind = Literal["json", "csv", "jsonl", "txt"]

NAME_LIMIT_CHARS = 200
MODEL_LIMIT_CHARS = 200
USD_LIMIT = 1e6
FAULTS_TOLD = 10


class Limits(NamedTuple):
    """What a batch may hold at most."""

    items: int
    prompt_chars: int


@dataclass(frozen=True)
class BatchItem:
    """One prompt of a batch, checked. `formats` empty, and None: the usual ones."""

    prompt: str
    name: str
    model: str | None = None
    formats: tuple[str, ...] = ()
    quality: Quality | None = None
    detail: Detail | None = None
    max_usd: float | None = None
    brief: Brief | None = None


class Batch(NamedTuple):
    """`name` None: the sender gave none."""

    name: str | None
    items: list[BatchItem]


def parse_batch(
    content: bytes, kind: Kind, limits: Limits, shared: Mapping[str, object] = MappingProxyType({})
) -> Batch:
    """The whole batch, or nothing. `shared` (of `SHARED`) is for the items that do not say it themselves.

    Raises: InvalidInput (MalformedBatch: it names the lines).
    """
    text = decode(content)
    if not text.strip():
        raise InvalidInput("The batch is empty; give at least one prompt.")
    if kind == "json":
        name, rows, said = _read_json(text)
        shared = {**shared, **said}
    else:
        name, rows = None, list(READERS[kind](text))
    if not rows:
        raise InvalidInput("The batch holds no prompt; give at least one.")
    if len(rows) > limits.items:
        raise InvalidInput(f"The batch has {len(rows):,} prompts; at most {limits.items:,} are allowed: split it.")
    _how_to_build(shared)
    items: list[BatchItem] = []
    faults: list[Fault] = []
    for row in rows:
        if isinstance(row, Fault):
            faults.append(row)
            continue
        try:
            items.append(_item(row.fields, shared, limits.prompt_chars))
        except InvalidInput as error:
            faults.append(Fault(row.unit, row.number, str(error)))
    if faults:
        raise MalformedBatch(faults[:FAULTS_TOLD])
    return Batch(name, items)


def guess_kind(content: bytes) -> Kind:
    """What a file without a telling name is, by how it begins. Raises: InvalidInput: it is not UTF-8."""
    first = decode(content).lstrip().partition("\n")[0]
    if first.startswith(("{", '"')):
        return "jsonl"
    return "csv" if "prompt" in header_cells(first, delimiter_of(first)) else "txt"


def checked_batch_name(text: str) -> str:
    """The name without white space around it. Raises: InvalidInput: empty, too long, or with control characters."""
    return _checked_name(text, "batch")


def _item(fields: Mapping[str, object], shared: Mapping[str, object], prompt_limit_chars: int) -> BatchItem:
    for field in fields:
        if field not in FIELDS:
            raise InvalidInput(f"There is no field {shown(field)}; the fields are {FIELDS_SAID}.")
    prompt, name, model = (_text_in(fields, field) for field in ("prompt", "name", "model"))
    if prompt is None:
        raise InvalidInput("The prompt is missing; say what you want to see built.")
    prompt = checked_prompt(prompt, prompt_limit_chars)
    if model is not None and not (0 < len(model) <= MODEL_LIMIT_CHARS and model.isprintable()):
        raise InvalidInput(f"The model {shown(model)} cannot be one; give a model id, or leave it out.")
    return BatchItem(
        prompt=prompt,
        name=_checked_name(name if name is not None else name_of(prompt), "project"),
        model=model,
        formats=_formats_of(fields.get("formats")),
        brief=_brief_of(fields.get("brief")),
        **_how_to_build({**shared, **{field: value for field, value in fields.items() if value is not None}}),
    )


def _how_to_build(fields: Mapping[str, object]) -> dict[str, Any]:
    """Quality, detail and budget, as far as they are said."""
    return {
        "quality": _choice_in(fields, "quality", get_args(Quality)),
        "detail": _choice_in(fields, "detail", get_args(Detail)),
        "max_usd": _usd_of(fields.get("max_usd")),
    }


def _choice_in(fields: Mapping[str, object], field: str, choices: tuple[str, ...]) -> str | None:
    value = fields.get(field)
    if isinstance(value, str) and value.strip().lower() in choices:
        return value.strip().lower()
    if value is None:
        return None
    raise InvalidInput(f"There is no {field} {shown(value)}; it is one of {', '.join(choices)}.")


def _usd_of(value: object) -> float | None:
    try:
        usd = None if value is None else float(cast("float | str", value))
    except (TypeError, ValueError, OverflowError):
        usd = -1.0
    if usd is None or (0 < usd <= USD_LIMIT and not isinstance(value, bool)):
        return usd
    raise InvalidInput(f"The budget max_usd cannot be {shown(value)}; give an amount of dollars above 0, such as 0.5.")


def _brief_of(value: object) -> Brief | None:
    """From an object of the brief's JSON, or from a text in which it is written."""
    if value is None:
        return None
    try:
        return brief_of_text(value) if isinstance(value, str) else Brief.model_validate(value)
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in ("brief", *wrong["loc"]))
        raise InvalidInput(
            f"The brief cannot be used: {where}: {wrong['msg'].removeprefix('Value error, ')}."
        ) from error
    except ValueError as error:
        raise InvalidInput(f"The brief cannot be used: {error}.") from error


def _text_in(fields: Mapping[str, object], field: str) -> str | None:
    value = fields.get(field)
    if value is None or isinstance(value, str):
        return value
    raise InvalidInput(f"The field {field} must be a text.")


def _checked_name(text: str, of: str) -> str:
    if len(text) > NAME_LIMIT_CHARS:
        raise InvalidInput(
            f"The {of}'s name has {len(text):,} characters; at most {NAME_LIMIT_CHARS} are allowed: shorten it."
        )
    return checked_project_name(text, of)


def _formats_of(value: object) -> tuple[str, ...]:
    """From a list, or from a text with spaces, commas or semicolons between the formats."""
    names: list[Any]
    if isinstance(value, str):
        names = value.lower().replace(";", " ").replace(",", " ").split()
    elif isinstance(value, list):
        names = value
    elif value is None:
        names = []
    else:
        raise InvalidInput('The formats must be a list such as ["glb", "fbx"].')
    for name in names:
        if not (isinstance(name, str) and name in FORMATS):
            raise InvalidInput(f"There is no format {shown(name)}; the formats are {', '.join(FORMATS)}.")
    return tuple(dict.fromkeys(names))


def _read_json(text: str) -> tuple[str | None, list[Row | Fault], dict[str, object]]:
    """Name, items, and what is said for all of them."""
    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableJson(
            f"The batch is not valid JSON: line {error.lineno}, column {error.colno} cannot be read."
        ) from error
    except (ValueError, RecursionError) as error:
        raise UnreadableJson("The batch cannot be read: its JSON nests too deeply or holds a huge number.") from error
    if not isinstance(body, dict):
        raise InvalidInput('The batch must be a JSON object such as {"items": ["a chair", "a table"]}.')
    for field in body:
        if field not in ("name", "items", *SHARED):
            raise InvalidInput(f"There is no field {shown(field)} beside name, items, {', '.join(SHARED)}.")
    if not isinstance(body.get("items"), list):
        raise InvalidInput("items: this must be a list of prompts, or of objects that each hold a prompt.")
    name = _text_in(body, "name")
    rows = [row_of("item", number, value) for number, value in enumerate(body["items"], 1)]
    said = {field: body[field] for field in SHARED if body.get(field) is not None}
    return None if name is None else checked_batch_name(name), rows, said
