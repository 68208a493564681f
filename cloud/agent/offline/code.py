"""Writes one step's Blender Python: named parameters on top, then the library that it needs, then the calls."""

import ast
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pprint import pformat
from typing import Any

from cloud.agent.offline.bundle import library
from cloud.agent.python_source import parse_source

WIDTH = 110


@dataclass(frozen=True)
class Knob:
    """A parameter's value with the comment that stands behind it."""

    value: Any
    comment: str


@dataclass(frozen=True)
class Expression:
    """Python over the parameters before it."""

    text: str


def step_code(purpose: str, parameters: Mapping[str, Any], calls: Sequence[str]) -> str:
    """A script that stands alone. `calls` are lines of Python over `parameters` and the library's functions.

    A parameter is a plain value, a `Knob` or an `Expression`.
    """
    body = "\n".join(calls)
    known = library().definitions
    names = [node.id for node in ast.walk(parse_source(body)) if isinstance(node, ast.Name) and node.id in known]
    imports, sources = library().bundle(dict.fromkeys(names))
    if "import bpy" not in imports:
        imports.append("import bpy")
    blocks = [
        f"# {textwrap.shorten(purpose, WIDTH)}",
        "\n".join(sorted(set(imports), key=lambda line: (line.startswith("from"), line))),
        "\n".join(f"{name} = {_source(value, len(name) + 3)}" for name, value in parameters.items()),
    ]
    if sources:
        blocks.append("# The library of shapes and places that this step uses.\n" + "\n\n\n".join(sources))
    blocks.append(body)
    return "\n\n".join(block for block in blocks if block) + "\n"


def _source(value: Any, indent: int) -> str:
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, Knob):
        return f"{_literal(value.value, indent)}  # {value.comment}"
    return _literal(value, indent)


def _literal(value: Any, indent: int) -> str:
    """Python source of a plain value; text is only ever a quoted literal."""
    text = pformat(value, width=WIDTH - indent, sort_dicts=False)
    return text.replace("\n", "\n" + " " * indent)
