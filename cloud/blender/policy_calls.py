"""Which calls a piece of Python will make, under their full names, as far as they can be told without running it.

Looked at are the statements of the module and the functions and methods that those call by name; the names
followed are imports and simple assignments of one meaning. What cannot be told is left out.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

FOLLOWED_MODULES = ("bpy", "os", "subprocess", "signal", "pip", "webbrowser")

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Call:
    """A call that will be made. `in_except`: only where something failed before."""

    name: str
    node: ast.Call
    in_except: bool
    names: "_Names"

    def argument(self, keyword: str, position: int | None = None) -> object:
        """The constant that is passed, None if there is none or it cannot be told."""
        for given in self.node.keywords:
            if given.arg == keyword:
                return self.names.constant(given.value)
        positional = self.node.args
        return (
            self.names.constant(positional[position]) if position is not None and position < len(positional) else None
        )


def calls_made(body: list[ast.stmt]) -> Iterator[Call]:
    """Each call once, callers before the functions that they call."""
    names, functions = _Names(body), _Functions(body)
    waiting: list[list[ast.stmt]] = [body]
    entered: set[int] = set()
    called: set[str] = set()
    while waiting:
        for node, in_except in _running(waiting.pop(0)):
            if isinstance(node, ast.Call):
                called.add(_last_name(node.func))
                if name := names.full_name(node.func):
                    yield Call(name, node, in_except, names)
        for function in functions.reached(called):
            if id(function) not in entered:
                entered.add(id(function))
                waiting.append(function.body)


def _last_name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _running(body: list[ast.stmt]) -> Iterator[tuple[ast.AST, bool]]:
    """The nodes of statements that run when the body does: nothing inside a function or a lambda."""
    waiting: list[tuple[ast.AST, bool]] = [(statement, False) for statement in reversed(body)]
    while waiting:
        node, in_except = waiting.pop()
        yield node, in_except
        if isinstance(node, _Function | ast.Lambda):
            continue
        children = reversed(list(ast.iter_child_nodes(node)))
        waiting += [(child, in_except or isinstance(child, ast.ExceptHandler)) for child in children]


class _Functions:
    """The functions and methods that the code defines."""

    def __init__(self, body: list[ast.stmt]) -> None:
        nodes = list(ast.walk(ast.Module(body=body, type_ignores=[])))
        classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
        self._methods = [
            (owner.name, member) for owner in classes for member in owner.body if isinstance(member, _Function)
        ]
        methods = {id(member) for _, member in self._methods}
        self._plain = [node for node in nodes if isinstance(node, _Function) and id(node) not in methods]

    def reached(self, called: set[str]) -> list[_Function]:
        """Functions of these names, and methods of these names whose class is called too."""
        plain = [function for function in self._plain if function.name in called]
        methods = [
            method
            for owner, method in self._methods
            if owner in called and (method.name in called or method.name == "__init__")
        ]
        return plain + methods


class _Names:
    """What plain names stand for: something of a followed module, or a constant. Two meanings are none."""

    def __init__(self, body: list[ast.stmt]) -> None:
        nodes = list(ast.walk(ast.Module(body=body, type_ignores=[])))
        self._full: dict[str, str] = {"bpy": "bpy"}  # every step has bpy without importing it
        self._constants: dict[str, object] = {}
        bound: dict[str, set[str]] = {}
        for node in nodes:
            for name, full in _bound_by(node):
                bound.setdefault(name, set()).add(full)
        self._full |= {name: "" if len(full) > 1 else next(iter(full)) for name, full in bound.items()}
        self._read_assignments(nodes, set(bound))

    def _read_assignments(self, nodes: list[ast.AST], taken: set[str]) -> None:
        values: dict[str, list[ast.expr]] = {}
        for node in nodes:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    values.setdefault(name, []).append(value)
        single = {name: found[0] for name, found in values.items() if len(found) == 1 and name not in taken}
        for _ in range(3):  # aliases of aliases, in any order
            for name, value in single.items():
                self._full[name] = self.full_name(value)
        self._full |= {name: "" for name in values if name not in single}
        constants = {name: self.constant(value) for name, value in single.items()}
        self._constants = {name: value for name, value in constants.items() if value is not None}

    def full_name(self, expression: ast.expr) -> str:
        """`os._exit` for whatever way it is written; "" if it is nothing of a followed module."""
        match expression:
            case ast.Name(id=name):
                return self._full.get(name, "")
            case ast.Attribute(value=inner, attr=attribute):
                owner = self.full_name(inner)
                return f"{owner}.{attribute}" if owner else ""
        return ""

    def constant(self, expression: ast.expr | None) -> object:
        """The value of a constant or of a list of them; None if it cannot be told."""
        match expression:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._constants.get(name)
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return [self.constant(part) for part in parts]
        return None


def _bound_by(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Names that a statement gives a meaning, and the full name that they then stand for."""
    match node:
        case ast.Import(names=names):
            for alias in names:
                top = alias.name.split(".")[0]
                full = alias.name if alias.asname else top
                yield alias.asname or top, full if top in FOLLOWED_MODULES else ""
        case ast.ImportFrom(module=source, names=names):
            is_followed = source is not None and source.split(".")[0] in FOLLOWED_MODULES
            for alias in names:
                yield alias.asname or alias.name, f"{source}.{alias.name}" if is_followed else ""
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, ""
