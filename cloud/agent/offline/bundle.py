"""Cuts self-contained Blender Python out of the library in `blender_code`.

The library's modules are read as text, never imported here: they need `bpy`, which lives in the pod alone.
All of their top-level names form one flat namespace.
"""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cloud.agent.python_source import parse_source

LIBRARY_FOLDER = Path(__file__).parent / "blender_code"


class UnknownFunction(LookupError):
    """The library has no top-level name like this."""


@dataclass(frozen=True)
class _Definition:
    source: str
    needs: tuple[str, ...]
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Library:
    """Every function and constant of the library, and the imports that their modules make."""

    definitions: Mapping[str, _Definition]
    imports: Mapping[str, str]

    def parameters(self, function: str) -> tuple[str, ...]:
        """The names of a function's parameters. Raises: UnknownFunction."""
        if function not in self.definitions:
            raise UnknownFunction(function)
        return self.definitions[function].parameters

    def bundle(self, names: Iterable[str]) -> tuple[list[str], list[str]]:
        """The import lines and the sources that `names` need, each after what it needs itself.

        Raises: UnknownFunction.
        """
        imports: set[str] = set()
        sources: list[str] = []
        seen: set[str] = set()

        def visit(name: str) -> None:
            if name in seen:
                return
            seen.add(name)
            definition = self.definitions[name]
            for need in definition.needs:
                if need in self.definitions:
                    visit(need)
                elif need in self.imports:
                    imports.add(self.imports[need])
            sources.append(definition.source)

        for name in names:
            if name not in self.definitions:
                raise UnknownFunction(name)
            visit(name)
        # Plain imports first, then `from` imports, as ruff would sort them.
        return sorted(imports, key=lambda line: (line.startswith("from"), line)), sources


@cache
def library() -> Library:
    """The library, read once for the life of the process."""
    return read_library(LIBRARY_FOLDER)


def read_library(folder: Path) -> Library:
    """Read all modules of a folder. Raises: ValueError: two modules define one name."""
    definitions: dict[str, _Definition] = {}
    imports: dict[str, str] = {}
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in parse_source(text).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                imports.update(_outside_imports(node))
                continue
            for name in _defined_names(node):
                if name in definitions:
                    raise ValueError(f"{name!r} is defined twice in the Blender library; see {path.name}")
                definitions[name] = _Definition(_source(text, node), _needs(node, name), _parameters(node))
    return Library(definitions, imports)


def _outside_imports(node: ast.Import | ast.ImportFrom) -> dict[str, str]:
    if isinstance(node, ast.Import):
        return {
            alias.asname or alias.name.split(".")[0]: f"import {alias.name}"
            + (f" as {alias.asname}" if alias.asname else "")
            for alias in node.names
        }
    if node.level or (node.module or "").startswith(("cloud", "__future__")):
        return {}
    return {
        alias.asname or alias.name: f"from {node.module} import {alias.name}"
        + (f" as {alias.asname}" if alias.asname else "")
        for alias in node.names
    }


def _defined_names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def _source(text: str, node: ast.stmt) -> str:
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])


def _needs(node: ast.stmt, own_name: str) -> tuple[str, ...]:
    names = {found.id for found in ast.walk(node) if isinstance(found, ast.Name)} - {own_name}
    return tuple(sorted(names))


def _parameters(node: ast.stmt) -> tuple[str, ...]:
    if not isinstance(node, ast.FunctionDef):
        return ()
    return tuple(argument.arg for argument in (*node.args.args, *node.args.kwonlyargs))
