"""Where in the user's code an error arose: the very expression, and what its parts are, without running anything."""

import ast
import linecache
from types import FrameType, ModuleType, TracebackType
from typing import Any

import bpy

_UNRESOLVED = (AttributeError, LookupError, TypeError, ValueError, ReferenceError, RuntimeError)
_Structs = (bpy.types.bpy_struct, bpy.types.bpy_prop_collection)
_Reads = (*_Structs, ModuleType)


class FailingPlace:
    """The expression that raised, as precisely as Python knows it."""

    def __init__(self, error: BaseException, code_line: str, filename: str) -> None:
        self._frame: FrameType | None = None
        self.expression: ast.expr | None = None
        found = _innermost_user_frame(error.__traceback__, filename)
        if found is not None:
            self._frame = found.tb_frame
            self.expression = _parsed(_source_of(found)) or _parsed(code_line.strip())

    def names(self) -> list[str]:
        """Names that the failing code could have meant."""
        return [] if self._frame is None else [*self._frame.f_locals, *self._frame.f_globals]

    def value(self, expression: ast.expr | None) -> Any:
        """What a plain expression (names, attributes, constant keys) stands for; None if it cannot be told."""
        try:
            return self._value(expression)
        except _UNRESOLVED:
            return None

    def _value(self, expression: ast.expr | None) -> Any:
        match expression:
            case ast.Name(id=name) if self._frame is not None:
                return self._frame.f_locals[name] if name in self._frame.f_locals else self._frame.f_globals[name]
            case ast.Constant(value=value):
                return value
            case ast.Attribute(value=inner, attr=attribute):
                owner = self._value(inner)
                # Reading an attribute of the user's own class would run the user's code.
                return getattr(owner, attribute) if isinstance(owner, _Reads) or _is_operator(owner) else None
            case ast.Subscript(value=inner, slice=key):
                owner = self._value(inner)
                return owner[self._value(key)] if isinstance(owner, (*_Structs, list, tuple, dict)) else None
            case ast.Call(func=ast.Attribute(value=inner, attr="get"), args=[key, *_]):
                owner = self._value(inner)
                return owner.get(self._value(key)) if isinstance(owner, bpy.types.bpy_prop_collection) else None
        return None


def _is_operator(owner: Any) -> bool:
    return type(owner).__module__ == "bpy.ops" or owner is bpy.ops


def _innermost_user_frame(traceback: TracebackType | None, filename: str) -> TracebackType | None:
    found = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == filename:
            found = traceback
        traceback = traceback.tb_next
    return found


def _source_of(traceback: TracebackType) -> str:
    """The text that the failing instruction was compiled from."""
    code = traceback.tb_frame.f_code
    positions = list(code.co_positions())[traceback.tb_lasti // 2]
    line, end_line, start, end = positions
    if line is None or end_line is None or start is None or end is None:
        return ""
    lines = [linecache.getline(code.co_filename, number).encode() for number in range(line, end_line + 1)]
    if not lines:
        return ""
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    return b"".join(lines).decode(errors="replace")


def _parsed(source: str) -> ast.expr | None:
    """The expression in the source: itself, the target of an assignment, or the value of one."""
    try:
        body = ast.parse(f"({source})", mode="eval").body if source else None
    except (SyntaxError, ValueError):
        body = _of_statement(source)
    return body


def _of_statement(source: str) -> ast.expr | None:
    try:
        statement = ast.parse(source).body[0]
    except (SyntaxError, ValueError, IndexError):
        return None
    match statement:
        case ast.Assign(targets=[ast.Attribute() as target, *_]):
            return target
        case ast.Assign(value=value) | ast.Expr(value=value):
            return value
    return None
