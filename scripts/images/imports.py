"""What an image's own code imports, followed from its processes: no code is run."""

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
_OURS = ("cloud", "ui")

ENTRIES: Mapping[str, tuple[str, ...]] = {
    "api": ("cloud.api.__main__", "cloud.jobs.__main__", "cloud.cli", "cloud.db.migrations.*"),
    "ui": ("ui.__main__", "ui.app", "ui.main", "ui.views.*"),
    "blender": ("cloud.blender.__main__", "cloud.blender.child.*"),
}
"""The processes of each image, by module; `.*` is every module of a package, for those that are found by their path."""

# What is there without a package of its own in the lock.
_COMES_WITH_BLENDER = {"bmesh", "bpy_extras", "gpu", "gpu_extras", "mathutils", "addon_utils", "blf", "idprop"}


def third_parties(image: str) -> dict[str, str]:
    """Each third-party module that the image's code imports, with one of the files that do."""
    found: dict[str, str] = {}
    seen: set[Path] = set()
    ahead = [path for entry in ENTRIES[image] for path in _files_of(entry)]
    while ahead:
        path = ahead.pop()
        if path in seen:
            continue
        seen.add(path)
        for module in _imports_in(path):
            top = module.partition(".")[0]
            if top in _OURS:
                ahead += _files_of(module)
            elif top not in sys.stdlib_module_names and top not in _COMES_WITH_BLENDER:
                found.setdefault(top, str(path.relative_to(ROOT)))
    return found


def packages_of(module: str) -> set[str]:
    """The normal names of the packages that bring a top-level module.

    One that does not say what it brings (`manifold3d`) is taken to bring what has its name.
    """
    return {str(canonicalize_name(one)) for one in _distributions().get(module, [module])}


@cache
def _distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


def _files_of(module: str) -> Iterator[Path]:
    """The files that importing `module` runs: its packages', and its own. A name in a module gives the module's."""
    if module.endswith(".*"):
        yield from sorted(ROOT.joinpath(*module.split(".")[:-1]).rglob("*.py"))
        return
    here = ROOT
    for part in module.split("."):
        here = here / part
        if here.with_suffix(".py").is_file():
            yield here.with_suffix(".py")
            return
        if (here / "__init__.py").is_file():
            yield here / "__init__.py"


def _imports_in(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    package = list(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and any(_takes_a_module(one) for one in (node.func, *node.args)):
            yield from (one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str))


def _takes_a_module(node: ast.expr) -> bool:
    """`import_module("x")`, also handed to a thread, and `resources.files("x")`, which reads a file of a package."""
    is_files = isinstance(node, ast.Attribute) and ast.unparse(node).endswith("resources.files")
    return is_files or getattr(node, "attr", getattr(node, "id", "")) == "import_module"
