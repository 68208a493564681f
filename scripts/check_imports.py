"""Holds who may import whom, as the design says. Exit code 1 and a line for each breach.

Usage: check_imports.py [ROOT]
"""

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

SHARED = ("cloud.errors", "cloud.logs", "cloud.redaction")

# Numbers and traces, of whoever does something; it knows nothing of ours itself. Not for the Blender pod, which has no
# port to tell them on, nor for the agent, which is handed what watches its calls.
TELEMETRY = "cloud.telemetry"

# The most specific folder that a file lies in decides which of our own modules it may import (itself always).
ALLOWED: dict[str, tuple[str, ...]] = {
    "cloud/blender": SHARED,
    "cloud/agent": SHARED,
    "cloud/fleet": (*SHARED, TELEMETRY),  # how long a pod takes to start is known only there
    "cloud/storage": (*SHARED, "cloud.settings", "cloud.storage_settings"),
    "cloud/db": SHARED,
    "cloud/accounts": (*SHARED, "cloud.db", "cloud.storage"),
    "cloud/projects": (*SHARED, "cloud.db", "cloud.storage"),
    "cloud/jobs": (
        *SHARED,
        "cloud.settings",
        "cloud.start",
        "cloud.db",
        "cloud.storage",
        "cloud.accounts",
        "cloud.projects",
        "cloud.agent",
        "cloud.fleet",
        TELEMETRY,
    ),
    "cloud/api": (
        *SHARED,
        "cloud.agent",
        "cloud.settings",
        "cloud.start",
        "cloud.db",
        "cloud.storage",
        "cloud.accounts",
        "cloud.projects",
        "cloud.jobs",
        TELEMETRY,
    ),
    # Users' own agents are told of the pod's tools in the pod's words; no part of the pod runs there.
    "cloud/api/gateway": (
        *SHARED,
        "cloud.accounts",
        "cloud.agent",
        "cloud.api",
        "cloud.blender.arguments",
        "cloud.blender.calls",
        "cloud.blender.endpoint",
        "cloud.blender.told",
        "cloud.db",
        "cloud.jobs",
        "cloud.projects",
        "cloud.settings",
    ),
    "cloud/stack": (*SHARED, "cloud.settings", "cloud.start", "cloud.db", "ui.launch"),
    "cloud/cli": (
        "cloud.agent.brief",
        *SHARED,
        "cloud.settings",
        "cloud.stack",
        "cloud.start",
        "cloud.db",
        "cloud.accounts",
        "cloud.fleet.pod_tokens",
        "cloud.jobs",
        "cloud.storage",
        "ui.account_types",
        "ui.api_client",
        "ui.api_errors",
        "ui.api_types",
        "ui.audit_calls",
        "ui.download_calls",
        "ui.import_calls",
        "ui.mcp_clients",
        "ui.money",
        "ui.quota_types",
        "ui.quota_words",
        "ui.wording",
        "ui.share_calls",
    ),
    "cloud": SHARED,
    "cloud/telemetry": (*SHARED, "cloud.telemetry_settings"),
    "cloud/settings.py": (*SHARED, "cloud.fleet_settings", "cloud.storage_settings", "cloud.telemetry_settings"),
    "cloud/start.py": (*SHARED, "cloud.settings", "cloud.accounts.secrets"),  # how each process begins
    "ui": (),
    "addon": (),
}

# A library and the only places that may import it. `*/queries.py` is a module name, the rest are folders or files.
ONLY_IN: dict[str, tuple[str, ...]] = {
    "bpy": (
        "cloud/blender/child",
        "cloud/agent/offline/blender_code",
        "addon/__init__.py",
        "addon/scene",
        "addon/panel",
        "scripts/bench",
        "tests",
    ),
    "fastapi": ("cloud/api", "tests"),
    "streamlit": ("ui", "tests"),
    "sqlalchemy": ("cloud/db", "*/queries.py", "tests"),
    "alembic": ("cloud/db", "tests"),
    "anthropic": ("cloud/agent", "tests"),
    "procrastinate": ("cloud/jobs", "cloud/db", "tests"),
    "kubernetes": ("cloud/fleet", "k8s", "tests"),
    "prometheus_client": ("cloud/telemetry", "tests", "scripts/bench"),
    "opentelemetry": ("cloud/telemetry", "tests", "scripts/bench"),
}

# The add-on ships alone: what it may import is its own (relative), Python's, or in every Blender.
NEEDS_BPY = {"bpy", "bpy_extras", "addon_utils", "bmesh", "blf", "gpu", "gpu_extras", "mathutils"}
BLENDERS_OWN = NEEDS_BPY | {"requests", "urllib3", "numpy", "zstandard"}
BPY_MARK = "(bpy)"

SKIPPED_FOLDERS = {".venv", ".venv-uv", "out", "data", "node_modules"}


@dataclass(frozen=True)
class Import:
    """One imported module, at a line of a file."""

    file: PurePosixPath
    line: int
    module: str
    for_types_only: bool
    is_relative: bool = False


def imports_of(file: PurePosixPath, source: str) -> Iterator[Import]:
    """Every import in `source`, relative ones resolved against `file`."""
    tree = ast.parse(source, str(file))
    type_blocks = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
    ]
    for_types = {id(inner) for block in type_blocks for inner in ast.walk(block)}
    package = list(file.parent.parts)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            modules = [f"{stem}.{alias.name}" for alias in node.names]
        else:
            continue
        for module in modules:
            is_relative = isinstance(node, ast.ImportFrom) and node.level > 0
            yield Import(file, node.lineno, module, id(node) in for_types, is_relative)


def breaches_of(found: Import) -> Iterator[str]:
    """What is wrong with one import, as sentences; none if it is allowed."""
    where = f"{found.file}:{found.line}"
    top = found.module.split(".")[0]
    places = ONLY_IN.get(top)
    if places and not found.for_types_only and not any(_lies_in(found.file, place) for place in places):
        yield f"{where}: {top} may be imported only in {', '.join(places)}"
    home = _home_of(found.file)
    if home == "addon":
        yield from _breaches_of_the_add_on(found, top)
    if home is None or top not in ("cloud", "ui", "addon", "tests"):
        return
    own = home.replace("/", ".")
    if top == own.split(".")[0] and home in ("ui", "addon"):
        return
    allowed = (own, *ALLOWED[home]) if home != "cloud" else ALLOWED[home]
    if not any(found.module == name or found.module.startswith(name + ".") for name in allowed):
        yield f"{where}: {home} may not import {found.module}"


def _breaches_of_the_add_on(found: Import, top: str) -> Iterator[str]:
    where = f"{found.file}:{found.line}"
    if top == "addon" and not found.is_relative:
        yield f"{where}: addon may import its own modules by relative imports only; its name is another in Blender"
    elif top not in ("addon", *BLENDERS_OWN) and top not in sys.stdlib_module_names and not found.is_relative:
        yield f"{where}: addon may not import {top}: it comes neither with Python nor with every Blender"


def unmarked(file: PurePosixPath, source: str, imports: Sequence[Import]) -> Iterator[str]:
    """A file of the add-on that needs Blender must say so in the first line of its docstring."""
    if _home_of(file) != "addon":
        return
    needs = any(one.module.split(".")[0] in NEEDS_BPY and not one.for_types_only for one in imports)
    first = (ast.get_docstring(ast.parse(source, str(file))) or "").split("\n", 1)[0]
    if needs != (BPY_MARK in first) and not (file.name == "__init__.py" and not needs):
        yield f"{file}:1: the docstring's first line must say {BPY_MARK} where bpy is imported, and only there"


def _lies_in(file: PurePosixPath, place: str) -> bool:
    if place.startswith("*/"):
        return file.name == place[2:]
    return file == PurePosixPath(place) or PurePosixPath(place) in file.parents


def _home_of(file: PurePosixPath) -> str | None:
    homes = [home for home in ALLOWED if _lies_in(file, home) or file == PurePosixPath(home + ".py")]
    return max(homes, key=len, default=None)


def check_tree(root: Path) -> list[str]:
    """Every breach below `root`, in a stable order."""
    breaches = []
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root)
        if SKIPPED_FOLDERS.isdisjoint(relative.parts):
            file, source = PurePosixPath(relative.as_posix()), path.read_text(encoding="utf-8")
            imports = list(imports_of(file, source))
            breaches += [breach for found in imports for breach in breaches_of(found)]
            breaches += unmarked(file, source, imports)
    return breaches


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    breaches = check_tree(root)
    print("\n".join(breaches) if breaches else "imports: every rule of the design holds")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
