# pyright: reportAttributeAccessIssue=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""One step of model-written Python: run it as a script of its own, tell what it did, keep it or undo it."""

import ast
import contextlib
import linecache
import os
import threading
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import bpy

from cloud.blender.child.boxes import told_boxes
from cloud.blender.child.capture import captured_output
from cloud.blender.child.changes import compare, fingerprint_scene, shortened
from cloud.blender.child.failure import Failure, describe_failure
from cloud.blender.child.handlers import forget_user_handlers
from cloud.blender.child.interpreter import as_script
from cloud.blender.child.leftovers import (
    end_processes,
    join_threads,
    noted_classes,
    unregister,
)
from cloud.blender.child.report import count_geometry
from cloud.blender.child.scene_file import SceneFile
from cloud.blender.child.wording import counted, counted_shapes
from cloud.blender.frames import Message

SCRIPT_NAME = ".step.py"
_VALUE_CHARS = 2_000
_VALUE_OF_CODE_UP_TO_CHARS = 200_000  # a syntax tree in Python costs 100 times the text
_VALUE = "__value_of_last_expression__"
_ASKING_CALLS = frozenset({"get", "find", "len", "list", "sorted", "dict", "tuple", "set", "str", "repr"})
_WARNINGS_AT_MOST = 20
_WARNING_CHARS = 300
_NOTHING_CHANGED = {"summary": "", "added": [], "removed": [], "modified": []}


@dataclass
class _Outcome:
    """How a step went, without a reference to anything of it."""

    failure: Failure | None = None
    value: str | None = None
    value_told: bool = True
    """Whether the model is told the value."""
    warnings: list[str] = field(default_factory=list)
    retire: str = ""
    stdout: str = ""


def run_python(
    scene_file: SceneFile,
    code: str,
    title: str = "",
    keep_on_error: bool = False,
    seed: int = 0,
    *,
    own_processes_only: bool = False,
) -> Message:
    """Run the code as a script in the workspace; on success save a snapshot, on any exception go back to the last one.

    `keep_on_error` keeps and saves what a failed step did. `own_processes_only`: every process that this one may
    signal is the step's. The answer's `retire` says why this process should not serve the next call.
    """
    began = time.monotonic()
    path = Path.cwd() / SCRIPT_NAME
    code = code.removeprefix("\ufeff")
    try:
        compiled = _compile(code, str(path))
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        outcome = _Outcome(describe_failure(error, code, str(path)))
        return _failed(outcome, "Nothing ran.", began)
    # What the step before found at its end: nothing else changes the scene.
    before = scene_file.fingerprint or fingerprint_scene()
    scene_file.fingerprint = None
    outcome = _run(compiled, path, code, seed)
    if own_processes_only:
        end_processes()
    if outcome.failure and not keep_on_error:
        return _failed(outcome, scene_file.go_back(), began)
    after = fingerprint_scene()
    changed = compare(before, after)
    snapshot = scene_file.save()
    scene_file.fingerprint = after
    if outcome.failure:
        state = f"What the step did before is kept: {changed['summary']}."
        return _failed(outcome, state, began, changed, snapshot)
    return _succeeded(outcome, began, changed, snapshot)


def _compile(code: str, filename: str) -> CodeType:
    """The code, with the value of a last expression under a name of ours."""
    if len(code) > _VALUE_OF_CODE_UP_TO_CHARS:
        return compile(code, filename, "exec", dont_inherit=True)
    tree = ast.parse(code, filename)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr) and not _is_docstring(tree):
        name = ast.copy_location(ast.Name(_VALUE, ast.Store()), last.value)
        tree.body[-1] = ast.copy_location(ast.Assign([name], last.value), last)
    return compile(tree, filename, "exec", dont_inherit=True)


def _is_docstring(tree: ast.Module) -> bool:
    return len(tree.body) == 1 and ast.get_docstring(tree, clean=False) is not None


def _run(compiled: CodeType, path: Path, code: str, seed: int) -> _Outcome:
    """Run the step to its end, and take back what it leaves beside the scene."""
    outcome = _Outcome()
    linecache.cache[str(path)] = (len(code), None, code.splitlines(keepends=True), str(path))
    threads = set(threading.enumerate())
    with captured_output() as output, noted_classes() as classes:
        with as_script(path, seed) as main, _script_at(path, code), _told_warnings(outcome):
            error = _execute(compiled, main)
            if error is not None:
                outcome.failure = describe_failure(error, code, str(path))
            else:
                value = vars(main).pop(_VALUE, None)
                outcome.value, outcome.value_told = _value(value), not (_ends_in_an_act(code) and _is_handle(value))
                del value
            del error
            left = join_threads(threads)
        outcome.warnings += _leave_modes()
        _update_scene()
        added = forget_user_handlers()
        if outcome.failure:
            unregister(classes)
    outcome.stdout = output.text()
    if added:
        outcome.warnings.append(f"handlers end with the step: {', '.join(added)}")
    if left:
        outcome.retire = f"threads of the step still ran: {', '.join(left[:8])}"
        outcome.warnings.append(f"{outcome.retire}; they were ended")
    return outcome


def _execute(compiled: CodeType, main: ModuleType) -> BaseException | None:
    """Run the step. Returns: what it raised; an exit with success is none."""
    own = os.getpid()
    error: BaseException | None = None
    try:
        exec(compiled, vars(main))  # noqa: S102 - the model's code: it is what these walls are for
    except SystemExit as leaving:
        failed = not (leaving.code is None or (isinstance(leaving.code, int) and leaving.code == 0))
        error = leaving if failed else None
    except BaseException as caught:  # noqa: BLE001 - user code may raise anything; it is told to the model
        error = caught
    if os.getpid() != own:  # a copy that the step forked: it must not answer in our place
        os._exit(0 if error is None else 1)
    return error


@contextlib.contextmanager
def _script_at(path: Path, code: str):  # noqa: ANN202
    """The code is a file too while it runs, for scripts that read or start themselves."""
    with contextlib.suppress(OSError):  # the disk may be full, and few scripts look
        path.unlink(missing_ok=True)
        path.write_text(code, encoding="utf-8", errors="surrogatepass")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _told_warnings(outcome: _Outcome):  # noqa: ANN202
    """Warnings of the block are in the outcome, not in the output."""

    def tell(message: Any, category: type[Warning], filename: str, lineno: int, *_: Any, **__: Any) -> None:
        if len(outcome.warnings) < _WARNINGS_AT_MOST:
            place = f" (line {lineno})" if os.path.basename(filename) == SCRIPT_NAME else ""
            outcome.warnings.append(f"{category.__name__}: {message}{place}"[:_WARNING_CHARS])

    warnings.showwarning = tell
    yield


def _value(value: object) -> str | None:
    """The text of the last expression's value, cut; None for None."""
    if value is None:
        return None
    try:
        text = repr(value)
    except BaseException as error:  # noqa: BLE001 - the value's class is the step's own
        return f"(its repr raised {type(error).__name__})"
    return text if len(text) <= _VALUE_CHARS else f"{text[:_VALUE_CHARS]}… ({len(text)} characters)"


def _ends_in_an_act(code: str) -> bool:
    """The last statement calls what makes or changes something, rather than asks for it."""
    if len(code) > _VALUE_OF_CODE_UP_TO_CHARS:
        return False
    match ast.parse(code).body[-1:]:
        case [ast.Expr(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)))]:
            return name not in _ASKING_CALLS
        case [ast.Expr(value=ast.ListComp(elt=ast.Call()) | ast.Tuple() | ast.Call())]:
            return True
    return False


def _is_handle(value: object, depth: int = 2) -> bool:
    """Nothing but things of Blender, or how an operator ended: what changed and the boxes say more than their names."""
    if value is None or isinstance(value, bpy.types.bpy_struct) or type(value).__module__ == "bmesh.types":
        return True
    if isinstance(value, (set, frozenset)):
        return value == {"FINISHED"}
    if depth and type(value) in (list, tuple, dict):
        entries: Any = value.values() if isinstance(value, dict) else value  # pyright: ignore[reportAttributeAccessIssue]
        return all(_is_handle(entry, depth - 1) for entry in entries)
    return False


def _update_scene() -> None:
    """Matrices and evaluated data follow what was set."""
    if bpy.context.view_layer:
        bpy.context.view_layer.update()


def _leave_modes() -> list[str]:
    """Object mode for every object, so that edits are in the meshes that are compared and saved. Returns: warnings."""
    warned = []
    for obj in [obj for obj in bpy.data.objects if obj.mode != "OBJECT"]:
        layer = bpy.context.view_layer
        active = layer.objects.active
        try:
            if active is not obj:
                layer.objects.active = obj
            bpy.ops.object.mode_set(mode="OBJECT")
        except RuntimeError:
            obj.update_from_editmode()
            warned.append(f"{obj.name!r} could not leave {obj.mode.lower()} mode")
        finally:
            if active is not obj:
                layer.objects.active = active
    return warned


def _succeeded(outcome: _Outcome, began: float, changed: dict[str, Any], snapshot: int) -> Message:
    counts = count_geometry()
    scene = f"{counted_shapes(counts['objects'])}, {counted(counts['triangles'], 'triangle')}"
    text = f"OK: {changed['summary']}. Scene: {scene}."
    if boxes := told_boxes(list(dict.fromkeys([*changed["added"], *changed["moved"], *changed["remeshed"]]))):
        text += f"\nBoxes (m): {boxes}."
    structured = {"ok": True, "error": None, "snapshot": {}, **_common(outcome, changed, counts, began)}
    header = {"text": text + _rest(outcome), "structured": structured, **_retiring(outcome)}
    return Message(header, fds=(snapshot,))


def _failed(
    outcome: _Outcome,
    state: str,
    began: float,
    changed: dict[str, Any] = _NOTHING_CHANGED,
    snapshot: int | None = None,
) -> Message:
    assert outcome.failure
    structured = {
        "ok": False,
        "error": outcome.failure.structured(),
        "snapshot": None if snapshot is None else {},
        **_common(outcome, changed, count_geometry(), began),
    }
    text = f"{outcome.failure.text()}\n{state}{_rest(outcome)}"
    header = {"text": text, "structured": structured, "is_error": True, **_retiring(outcome)}
    return Message(header, fds=() if snapshot is None else (snapshot,))


def _common(outcome: _Outcome, changed: dict[str, Any], counts: dict[str, int], began: float) -> dict[str, Any]:
    return {
        "stdout": outcome.stdout,
        "value": outcome.value,
        "warnings": outcome.warnings,
        "changed": shortened(changed),
        **counts,
        "seconds": round(time.monotonic() - began, 3),
    }


def _retiring(outcome: _Outcome) -> dict[str, str]:
    return {"retire": outcome.retire} if outcome.retire else {}


def _rest(outcome: _Outcome) -> str:
    """Value, warnings and output for the model."""
    value = f"\nvalue: {outcome.value}" if outcome.value is not None and outcome.value_told else ""
    told = "".join(f"\nwarning: {warning}" for warning in outcome.warnings)
    return value + told + (f"\nstdout:\n{outcome.stdout}" if outcome.stdout else "")
