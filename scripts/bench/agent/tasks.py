"""Prompt files: plain lines, CSV, JSON lines of our own, and CADBench's JSON lines as they are.

One task a line. Fields of JSON lines and CSV columns, all but the prompt optional:

id          unique; else made of the place in the file
name        short, for people
prompt      what is sent (CADBench calls it `instruction`)
kind        a group in the report (CADBench: `type`)
before      a list of prompts that build the scene which the prompt then changes
criteria    what a judge is asked: a list of sentences, or CADBench's tree of dimensions with sentences at its leaves
expect      what the saved scene must hold: see `expectations.py`
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.bench.agent.expectations import Expectation, InvalidExpectation

_NAME_CHARS = 60


class InvalidPromptFile(Exception):
    """The file cannot be used; the message names the line."""


@dataclass(frozen=True)
class Criterion:
    """One sentence that holds or does not. `group`: the dimension, then what it lies in, from the outside."""

    text: str
    group: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """One prompt with what is known about a good answer."""

    id: str
    name: str
    prompt: str
    kind: str = ""
    before: tuple[str, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    expect: Expectation = field(default_factory=Expectation)

    @property
    def slug(self) -> str:
        """The id as a file name."""
        return slug_of(self.id)


def slug_of(task_id: str) -> str:
    """A task's id as a file name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", task_id).strip("-.")[:80] or "task"


def read_tasks(path: Path) -> list[Task]:
    """All tasks, in the file's order. Raises: InvalidPromptFile."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidPromptFile(f"{path}: cannot be read as UTF-8 text ({error}).") from error
    tasks = [_task(row, number, path) for number, row in _rows(text, path)]
    if not tasks:
        raise InvalidPromptFile(f"{path}: holds no prompt.")
    seen: set[str] = set()
    for task in tasks:
        if task.slug in seen:
            raise InvalidPromptFile(f"{path}: the id {task.id!r} comes twice.")
        seen.add(task.slug)
    return tasks


def _rows(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    first = text.lstrip().partition("\n")[0]
    if first.startswith("{"):
        yield from _json_rows(text, path)
    elif path.suffix.lower() == ".csv" or "prompt" in [cell.strip().lower() for cell in first.split(",")]:
        for row in (reader := csv.DictReader(io.StringIO(text, newline=""))):
            fields = {str(key).strip().lower(): value.strip() for key, value in row.items() if isinstance(value, str)}
            yield reader.line_num, {key: value for key, value in fields.items() if value}
    else:
        for number, line in enumerate(text.split("\n"), 1):
            if (prompt := line.strip()) and not prompt.startswith("#"):
                yield number, {"prompt": prompt}


def _json_rows(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InvalidPromptFile(f"{path}, line {number}: not valid JSON ({error}).") from error
        if not isinstance(row, dict):
            raise InvalidPromptFile(f"{path}, line {number}: a JSON object is needed.")
        yield number, row


def _task(row: dict[str, Any], number: int, path: Path) -> Task:
    prompt = row.get("prompt") or row.get("instruction")
    if not isinstance(prompt, str) or not prompt.strip():
        raise InvalidPromptFile(f"{path}, line {number}: has no prompt (nor `instruction`).")
    before = row.get("before") or []
    before = [before] if isinstance(before, str) else before
    if not isinstance(before, list) or not all(isinstance(earlier, str) for earlier in before):
        raise InvalidPromptFile(f"{path}, line {number}: `before` must be a list of prompts.")
    try:
        expect = Expectation.of_json(_decoded(row.get("expect")))
        criteria = tuple(_criteria(_decoded(row.get("criteria")), ()))
    except (InvalidExpectation, ValueError) as error:
        raise InvalidPromptFile(f"{path}, line {number}: {error}") from error
    return Task(
        id=str(row.get("id") or f"{path.stem}-{number}"),
        name=str(row.get("name") or _short(prompt)),
        prompt=prompt.strip(),
        kind=str(row.get("kind") or row.get("type") or ""),
        before=tuple(before),
        criteria=criteria,
        expect=expect,
    )


def _decoded(value: object) -> Any:
    """A CSV cell holds JSON as text."""
    return json.loads(value) if isinstance(value, str) and value.lstrip().startswith(("{", "[")) else value


def _criteria(value: object, group: tuple[str, ...]) -> Iterator[Criterion]:
    """Every sentence of the tree."""
    match value:
        case None | "":
            return
        case str():
            yield Criterion(value, group)
        case list():
            for part in value:
                yield from _criteria(part, group)
        case dict():
            for name, part in value.items():
                yield from _criteria(part, (*group, str(name)))
        case _:
            raise ValueError("`criteria` must be sentences, in lists or named groups.")


def _short(prompt: str) -> str:
    line = " ".join(prompt.split())
    return line if len(line) <= _NAME_CHARS else line[: _NAME_CHARS - 1] + "…"
