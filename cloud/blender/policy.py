"""What `run_python` refuses before it runs, each with one clear sentence.

This is for clear messages alone: the sandbox is the boundary. A script that bare `bpy` runs must run here, so
only calls that will surely be made are looked at (module level, and functions that it calls), only names that
can be followed (`import bpy as b`, `ops = bpy.ops`), and whatever is in doubt runs.
"""

import ast
import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_OUR_FOLDERS = ("/workspace", "/tmp")  # noqa: S108 - the pod's own, inside the sandbox
_MODULES = ("bpy", "os", "subprocess", "signal", "pip", "webbrowser", "addon_utils")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_Scope = list[ast.stmt]

_QUITS = "ends Blender itself; leave it out, the step ends by itself (sys.exit() ends it early)"
_FOREIGN = "opens a file from outside the workspace; use the tool import_file instead"
_PREFERENCES = "changes Blender's preferences, which the pod does not keep; set what the scene needs instead"
_INSTALLS = "installs an add-on, and nothing can be installed here; bundled add-ons can be enabled"
_BROWSER = "opens a web page, and there is neither a browser nor a network here; leave it out"
_PIP = "installs packages, and there is no network here; numpy, scipy, trimesh, manifold3d and PIL are there"
_ANIMATION = "renders an animation to disk; render single frames with the tool look instead"

_ALWAYS = {
    "bpy.ops.wm.quit_blender": _QUITS,
    "os._exit": _QUITS,
    "os.abort": _QUITS,
    "bpy.ops.wm.save_userpref": _PREFERENCES,
    "bpy.ops.wm.save_homefile": _PREFERENCES,
    "bpy.ops.wm.url_open": _BROWSER,
    "bpy.ops.wm.url_open_preset": _BROWSER,
    "webbrowser.open": _BROWSER,
    "webbrowser.open_new": _BROWSER,
    "webbrowser.open_new_tab": _BROWSER,
    "bpy.ops.wm.recover_auto_save": _FOREIGN,
    "bpy.ops.wm.recover_last_session": _FOREIGN,
    "bpy.ops.render.play_rendered_anim": "plays a video, and there is no screen here; use the tool look instead",
    "bpy.ops.script.reload": "reloads Blender's own scripts; leave it out",
    "bpy.ops.preferences.addon_install": _INSTALLS,
    "bpy.ops.preferences.addon_remove": _INSTALLS,
    "bpy.ops.preferences.app_template_install": _INSTALLS,
    "bpy.ops.preferences.extension_repo_add": _INSTALLS,
    "bpy.ops.preferences.extension_repo_remove": _INSTALLS,
    "bpy.ops.preferences.extension_url_drop": _INSTALLS,
    "bpy.ops.preferences.studiolight_install": _PREFERENCES,
    "bpy.ops.preferences.theme_install": _PREFERENCES,
    "bpy.ops.preferences.keyconfig_import": _PREFERENCES,
    "bpy.ops.preferences.script_directory_add": _PREFERENCES,
    "bpy.ops.preferences.autoexec_path_add": _PREFERENCES,
    "bpy.ops.preferences.asset_library_add": _PREFERENCES,
    "pip.main": _PIP,
}
_EXTENSIONS = ("package_install", "package_upgrade", "package_uninstall", "repo_sync", "repo_refresh", "userpref_allow")
_LOADS = {
    "bpy.ops.wm.open_mainfile": "filepath",
    "bpy.ops.wm.append": "directory",
    "bpy.ops.wm.link": "directory",
    "bpy.ops.wm.lib_relocate": "directory",
    "bpy.ops.script.python_file_run": "filepath",
    "bpy.data.libraries.load": "filepath",
}
_ANIMATIONS = ("bpy.ops.render.render", "bpy.ops.render.opengl")
_SHELLS = ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput")
_PROCESSES = tuple(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen"))


def refusal(code: str) -> str | None:
    """Why the code may not run, in one sentence with its line; None if it may, or if it is no Python at all."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    try:
        for call in _CallsMade(tree.body).all():
            reason = _reason(call)
            if reason:
                return f"Line {call.node.lineno}: `{call.name}` {reason}."
    except RecursionError:
        return None
    return None


@dataclass(frozen=True)
class _Call:
    """A call that will be made, under its full name."""

    name: str
    node: ast.Call
    in_except: bool
    constant: Callable[[ast.expr | None], object]

    def argument(self, keyword: str, position: int | None = None) -> object:
        """The constant that is passed, None if there is none or it cannot be told."""
        for given in self.node.keywords:
            if given.arg == keyword:
                return self.constant(given.value)
        positional = self.node.args
        return self.constant(positional[position]) if position is not None and position < len(positional) else None


def _reason(call: _Call) -> str | None:
    if call.name in _ALWAYS:
        return _ALWAYS[call.name]
    if call.name in ("os.kill", "os.killpg"):
        target = call.node.args[0] if call.node.args else None
        is_own = isinstance(target, ast.Call) and ast.unparse(target.func).split(".")[-1] in ("getpid", "getpgrp", "getpgid")
        return _QUITS if is_own else None
    if call.name.startswith("bpy.ops.extensions.") and call.name.split(".")[-1].startswith(_EXTENSIONS):
        return _INSTALLS
    if call.name in _LOADS:
        position = 0 if call.name == "bpy.data.libraries.load" else None
        paths = [call.argument(keyword, position) for keyword in dict.fromkeys((_LOADS[call.name], "filepath"))]
        return _FOREIGN if any(_is_foreign(path) for path in paths) else None
    if call.name in _ANIMATIONS:
        return _ANIMATION if call.argument("animation") is True else None
    if call.name in _PROCESSES or call.name in _SHELLS:
        command = call.argument("args", 0) if call.node.args or call.node.keywords else None
        # In an `except ImportError:` it may never be reached.
        return _PIP if _installs_packages(command) and not call.in_except else None
    return None


def _is_foreign(path: object) -> bool:
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//"):
        return False
    clean = posixpath.normpath(path)
    return not any(clean == folder or clean.startswith(f"{folder}/") for folder in _OUR_FOLDERS)


def _installs_packages(command: object) -> bool:
    words = command.split() if isinstance(command, str) else command if isinstance(command, list) else []
    names = [posixpath.basename(str(word)) for word in words]
    return any(name in ("pip", "pip3") and "install" in names[at + 1 :] for at, name in enumerate(names))


@dataclass
class _Names:
    """What plain names stand for: a module's member by its full name, or a constant."""

    full: dict[str, str] = field(default_factory=lambda: {"bpy": "bpy"})
    constants: dict[str, object] = field(default_factory=dict)


class _CallsMade:
    """The calls that running the statements will make, as far as they can be followed."""

    def __init__(self, body: _Scope) -> None:
        self._names = _Names()
        self._functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self._methods: dict[str, list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]] = {}
        self._body = body
        self._read_names()

    def all(self) -> Iterator[_Call]:
        """Each call once, callers before the functions that they call."""
        waiting: list[_Scope] = [self._body]
        entered: set[str] = set()
        called: set[str] = set()
        while waiting:
            for node, in_except in _running(waiting.pop(0), in_except=False):
                if isinstance(node, ast.Call):
                    yield from self._named(node, in_except)
                    called.add(ast.unparse(node.func).split(".")[-1].split("(")[0])
            for name, function in self._reached(called):
                if name not in entered:
                    entered.add(name)
                    waiting.append(function.body)

    def _named(self, node: ast.Call, in_except: bool) -> Iterator[_Call]:
        name = self._full_name(node.func)
        if name:
            yield _Call(name, node, in_except, self._constant)

    def _reached(self, called: set[str]) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
        for name in sorted(called):
            if name in self._functions:
                yield name, self._functions[name]
            for owner, method in self._methods.get(name, ()):
                if owner in called:
                    yield f"{owner}.{name}", method
            yield from (
                (f"{name}.__init__", method) for owner, method in self._methods.get("__init__", ()) if owner == name
            )

    def _read_names(self) -> None:
        """Imports and simple assignments, wherever they stand; a name that is given two meanings has none."""
        bound: dict[str, set[str]] = {}
        constants: dict[str, list[ast.expr]] = {}
        module = ast.Module(body=self._body, type_ignores=[])
        for node in ast.walk(module):
            match node:
                case ast.Import(names=names):
                    for alias in names:
                        if alias.name.split(".")[0] in _MODULES:
                            bound.setdefault(alias.asname or alias.name.split(".")[0], set()).add(
                                alias.name if alias.asname else alias.name.split(".")[0]
                            )
                case ast.ImportFrom(module=str(source), names=names) if source.split(".")[0] in _MODULES:
                    for alias in names:
                        bound.setdefault(alias.asname or alias.name, set()).add(f"{source}.{alias.name}")
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    constants.setdefault(name, []).append(value)
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    bound.setdefault(node.name, set()).add(f"<{node.name}>")
                case ast.ClassDef():
                    self._read_class(node)
        for statement in ast.walk(module):
            if isinstance(statement, _FUNCTIONS) and not self._is_method(statement):
                self._functions[statement.name] = statement
        self._names.full |= {name: next(iter(full)) for name, full in bound.items() if len(full) == 1}
        for _ in range(2):  # an alias of an alias
            for name, values in constants.items():
                full = self._full_name(values[0]) if len(values) == 1 and name not in bound else ""
                if full:
                    self._names.full[name] = full
        for name, values in constants.items():
            value = self._constant(values[0]) if len(values) == 1 else None
            if value is not None:
                self._names.constants[name] = value

    def _read_class(self, node: ast.ClassDef) -> None:
        for member in node.body:
            if isinstance(member, _FUNCTIONS):
                self._methods.setdefault(member.name, []).append((node.name, member))

    def _is_method(self, function: ast.AST) -> bool:
        return any(function is method for methods in self._methods.values() for _, method in methods)

    def _full_name(self, expression: ast.expr) -> str:
        match expression:
            case ast.Name(id=name):
                full = self._names.full.get(name, "")
                return "" if full.startswith("<") else full
            case ast.Attribute(value=inner, attr=attribute):
                owner = self._full_name(inner)
                return f"{owner}.{attribute}" if owner else ""
        return ""

    def _constant(self, expression: ast.expr | None) -> object:
        match expression:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._names.constants.get(name)
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return [self._constant(part) or ast.unparse(part) for part in parts]
        return None


def _running(body: _Scope, in_except: bool) -> Iterator[tuple[ast.AST, bool]]:
    """The nodes of statements that run when the body does: no function's or lambda's inside."""
    waiting: list[tuple[ast.AST, bool]] = [(statement, in_except) for statement in body]
    while waiting:
        node, handled = waiting.pop(0)
        yield node, handled
        for child in ast.iter_child_nodes(node):
            is_later = isinstance(node, (*_FUNCTIONS, ast.Lambda)) and child not in getattr(node, "decorator_list", ())
            if not is_later:
                waiting.append((child, handled or isinstance(child, ast.ExceptHandler)))
