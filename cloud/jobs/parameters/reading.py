"""Finds the parameters of one step's code, which is parsed and never run.

A parameter is an UPPER_CASE name that the code binds once, to a literal, in its leading block: docstring, imports
and assignments, up to the first other statement. An int is a `count`, a float a `number`, a bool a `switch`; a text
"#rrggbb" is a `colour`, and so are three or four numbers from 0 to 1 that are called or used as one (`colours`). Every
other literal (texts, other tuples, dicts) is no parameter.
"""

import ast
import io
import math
import re
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from cloud.agent.python_source import parse_source
from cloud.jobs.parameters.colours import names_used_as_colours, says_colour
from cloud.jobs.parameters.comments import Hints, hints_for_each, read_hints

Kind = Literal["count", "number", "colour", "switch"]
Value = bool | int | float | str | tuple[float, ...]
"""A colour is a text `#rrggbb`, or linear red, green, blue and perhaps alpha, each 0 to 1."""

_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_LARGEST, _SMALLEST = 1e12, 1e-12
_SEEDS = 9999  # any seed is as good as another, so all have one range
_QUANTITIES = frozenset({"COUNT", "NUMBER", "AMOUNT", "PER", "ROWS"})  # `SEED_COUNT` counts the seeds of a fruit
PARSED_UP_TO_CHARS = 400_000
"""Of one step's code. A syntax tree takes 600 times the memory of its text: 2 GB and 20 s for 3 MB."""


@dataclass(frozen=True)
class Parameter:
    """One named literal. `span` is where it stands in the code, in bytes of its UTF-8; `min`, `max` bound its value.

    `said`: those of its two bounds that its comment gives, None for each that was inferred.
    """

    name: str
    kind: Kind
    value: Value
    min: float | None
    max: float | None
    unit: str
    description: str
    span: tuple[int, int]
    said: tuple[float | None, float | None] = (None, None)


def read_parameters(code: str) -> list[Parameter]:
    """The parameters, in the order of the code; none where it does not parse, or is very long."""
    if len(code) > PARSED_UP_TO_CHARS:
        return []
    try:
        tree = parse_source(code)
        source = code.encode()
        coloured = names_used_as_colours(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    bound = _times_bound(tree)
    starts, comments = _line_starts(source), _comments(code)
    found: list[Parameter] = []
    for name, node, hints in _assigned_literals(tree, comments):
        kind, value = _kind_of(name, node, says_colour(name) or name in coloured)
        if kind is None or value is None or bound[name] != 1:
            continue
        first, last = starts[node.lineno - 1] + node.col_offset, starts[_end(node) - 1] + (node.end_col_offset or 0)
        low, high = _range_of(name, kind, value, hints)
        said = (None if hints.low is None else low, None if hints.high is None else high)
        found.append(Parameter(name, kind, value, low, high, hints.unit, hints.description, (first, last), said))
    return found


def _assigned_literals(tree: ast.Module, comments: dict[int, str]) -> Iterator[tuple[str, ast.expr, Hints]]:
    """Each name of the leading block with the expression that it is given, and what the comment says of it."""
    for index, node in enumerate(tree.body):
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        comment = comments.get(_end(node), "")
        if isinstance(node, ast.Assign):
            if isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                yield name, node.value, read_hints(name, comment)
            elif len(node.targets) == 1:
                yield from _unpacked(node.targets[0], node.value, comments)
        elif isinstance(node, ast.AnnAssign):
            if isinstance(node.target, ast.Name) and node.value is not None:
                yield node.target.id, node.value, read_hints(node.target.id, comment)
        elif not (index == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            return


def _unpacked(target: ast.expr, value: ast.expr, comments: dict[int, str]) -> Iterator[tuple[str, ast.expr, Hints]]:
    """`WIDTH, DEPTH = 1.0, 0.5  # metres` gives each name its literal, and its part of the comment."""
    if not (isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List)):
        return
    if len(target.elts) != len(value.elts) or any(isinstance(e, ast.Starred) for e in (*target.elts, *value.elts)):
        return
    pairs = [(name.id, each) for name, each in zip(target.elts, value.elts, strict=True) if isinstance(name, ast.Name)]
    lines = [_end(each) for _, each in pairs]
    if len(set(lines)) == len(lines) > 1:  # each on a line of its own
        hints = [read_hints(name, comments.get(line, "")) for (name, _), line in zip(pairs, lines, strict=True)]
    else:
        hints = hints_for_each([name for name, _ in pairs], comments.get(_end(value), ""))
    for (name, each), said in zip(pairs, hints, strict=True):
        yield name, each, said


def _times_bound(tree: ast.Module) -> Counter[str]:
    bound: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound[node.id] += 1
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound[node.name] += 1
        elif isinstance(node, ast.alias):
            bound[node.asname or node.name] += 1
    return bound


def _kind_of(name: str, node: ast.expr, is_colour: bool) -> tuple[Kind | None, Value | None]:
    if not _NAME.fullmatch(name):
        return None, None
    if isinstance(node, ast.Tuple | ast.List):
        return _colour_of(node) if is_colour else (None, None)
    value = _number_of(node)
    if isinstance(value, float):
        return "number", value
    if value is not None:
        return "count", value
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            return "switch", node.value
        if isinstance(node.value, str) and _HEX.fullmatch(node.value):
            return "colour", node.value
    return None, None


def _number_of(node: ast.expr) -> int | float | None:
    """The number that a literal, perhaps with a sign, says; none that is no plain, finite number."""
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        sign = -1 if isinstance(node.op, ast.USub) else 1
        node = node.operand
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool) or not isinstance(node.value, int | float):
        return None
    value = sign * node.value
    return value if math.isfinite(value) and abs(value) <= _LARGEST else None


def _colour_of(node: ast.Tuple | ast.List) -> tuple[Kind | None, Value | None]:
    if len(node.elts) not in (3, 4):
        return None, None
    channels = [_number_of(each) for each in node.elts]
    if any(channel is None or not 0 <= channel <= 1 for channel in channels):
        return None, None
    return "colour", tuple(float(channel) for channel in channels if channel is not None)


def _range_of(name: str, kind: Kind, value: Value, hints: Hints) -> tuple[float | None, float | None]:
    """The bounds that the comment gives, which never shut out the value itself; else what its size suggests."""
    if kind == "switch":
        return None, None
    if kind == "colour":
        return 0.0, 1.0
    assert isinstance(value, int | float)
    if hints.unit == "deg":
        low, high = min(-360.0, value), max(360.0, value)
    elif kind == "count" and _is_seed(name):
        low, high = min(0.0, value), max(float(_SEEDS), value)
    else:
        low, high = _inferred(kind, abs(value))
        if value < 0:
            low, high = -high, -low
    low = low if hints.low is None else min(hints.low, value)
    high = high if hints.high is None else max(hints.high, value)
    return (math.ceil(low), math.floor(high)) if kind == "count" else (float(low), float(high))


def _inferred(kind: Kind, size: float) -> tuple[float, float]:
    """Bounds around a value's size, outwards to two figures: nobody meant them to the millimetre."""
    if kind == "count":
        return (1, max(10, _to_two_figures(4 * size, math.ceil))) if size else (0, 10)
    if size < _SMALLEST:
        return (-1.0, 1.0)
    return _to_two_figures(size / 4, math.floor), _to_two_figures(size * 4, math.ceil)


def _to_two_figures(size: float, towards: Callable[[float], int]) -> float:
    """A size above 0 with two figures, up or down."""
    places = math.floor(math.log10(size)) - 1
    figures = towards(round(size / 10.0**places, 6))  # 0.29 / 0.01 is a little less than 29
    return float(f"{figures}e{places}")


def _is_seed(name: str) -> bool:
    words = name.split("_")
    return "SEED" in (words[0], words[-1]) and not _QUANTITIES.intersection(words)


def _comments(code: str) -> dict[int, str]:
    """Each line's comment; none where the code cannot be split into tokens."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        return {}
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def _line_starts(source: bytes) -> list[int]:
    """Where each line begins, as Python's parser counts lines."""
    return [0, *(found.end() for found in re.finditer(rb"\r\n|\r|\n", source))]


def _end(node: ast.stmt | ast.expr) -> int:
    return node.end_lineno or node.lineno
