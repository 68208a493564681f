"""Which constants of a scene's steps no longer show in it: later steps set anew what they had set, or begin again.

A constant is given up only where that is sure from the code; all others stay, even if moving them changes nothing.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cloud.agent.python_source import parse_source
from cloud.jobs.kept_steps import IMPORT_MARK, KEPT_MARK
from cloud.jobs.parameters.idioms import written_out
from cloud.jobs.parameters.places import Place, Statement, Tracer, overlap
from cloud.jobs.parameters.reading import PARSED_UP_TO_CHARS
from cloud.jobs.parameters.uses import names_in_use

_PURE = frozenset(
    {
        "radians",
        "degrees",
        "abs",
        "min",
        "max",
        "float",
        "int",
        "len",
        "round",
        "tuple",
        "list",
        "sqrt",
        "Vector",
        "Euler",
    }
)
# What takes over the state that a thing has at this moment, whichever property it asks for.
_TAKING_OVER = frozenset(
    {
        *(
            "matrix_world",
            "matrix_local",
            "matrix_basis",
            "dimensions",
            "bound_box",
            "evaluated_get",
            "to_mesh",
            "copy",
        ),
        *("keyframe_insert", "driver_add", "transform", "new_from_object", "ray_cast", "closest_point_on_mesh"),
        *("evaluated_depsgraph_get", "scene_update", "bake"),
    }
)
_CLEARING = ("bpy.ops.wm.read_factory_settings", "bpy.ops.wm.read_homefile")
_OUTLIVING = frozenset({"world", "scene", "render", "worlds", "scenes", "view_settings"})
_LOOKED_UP = re.compile(
    r"bpy\.data\.(?:materials|node_groups|worlds|meshes|collections|images|curves|textures)(?:\[|\.get\(|\.keys|\.items|\.values)"
)


@dataclass(frozen=True)
class _Moment:
    """A statement with its place in the scene's history."""

    step: int
    statement: Statement


def unused_names(codes: Sequence[str]) -> list[frozenset[str]]:
    """For each step the names at its top that do nothing in the scene as it is now."""
    trees = [_parsed(code) for code in codes]
    unread = [_unread(tree) for tree in trees]
    if sum(map(len, codes)) > PARSED_UP_TO_CHARS:
        return unread
    try:
        history = _history(trees)
        cleared = _cleared_at(codes, history)
        lost = _superseded(codes, trees, history, cleared)
    except RecursionError:  # code that nests deeply enough for the parser and not for us
        return unread
    return [one | other for one, other in zip(unread, lost, strict=True)]


def _unread(tree: ast.Module | None) -> frozenset[str]:
    used = names_in_use(tree) if tree is not None else None
    return frozenset() if tree is None or used is None else frozenset(_constants(tree)) - used


def _history(trees: Sequence[ast.Module | None]) -> list[_Moment]:
    tracer = Tracer()
    traced = [(step, tracer.step(written_out(tree))) for step, tree in enumerate(trees) if tree is not None]
    return [_Moment(step, statement) for step, statements in traced for statement in statements]


def _superseded(
    codes: Sequence[str], trees: Sequence[ast.Module | None], history: Sequence[_Moment], cleared: int
) -> list[frozenset[str]]:
    """For each step the names whose effects later steps have taken away. Of a step half run nobody knows them."""
    opaque = [step for step, code in enumerate(codes) if code.startswith(KEPT_MARK)]
    opaque += [step for step, code in enumerate(codes) if trees[step] is None and not code.startswith(IMPORT_MARK)]
    first_known = max(opaque, default=-1)
    found: list[frozenset[str]] = []
    for step, tree in enumerate(trees):
        own = [moment.statement for moment in history if moment.step == step]
        names = list(_constants(tree)) if tree is not None and names_in_use(tree) is not None else []
        gone = {name for name in names if step < cleared and _ends_with_the_objects(name, own)}
        gone |= {name for name in names if step >= first_known and _is_overwritten(name, step, history)}
        found.append(frozenset(gone))
    return found


def _parsed(code: str) -> ast.Module | None:
    if len(code) > PARSED_UP_TO_CHARS or code.startswith(IMPORT_MARK):
        return None
    try:
        return parse_source(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _constants(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            for each in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
                if isinstance(each, ast.Name) and each.id.isupper():
                    yield each.id


def _is_overwritten(name: str, step: int, history: Sequence[_Moment]) -> bool:
    """All that the constant does is to set properties, and each is set anew before anything could have read it."""
    tainted = {name}
    effects: list[tuple[int, Place]] = []
    for index, moment in enumerate(history):
        if moment.step != step:
            continue
        node = moment.statement.node
        if not _reads_any(node, tainted):
            continue
        if isinstance(node, ast.Assign) and _is_pure(node.value) and (given := _names_given(node)):
            tainted |= given
            continue
        places = _places_set(moment.statement, tainted)
        if places is None:
            return False
        effects += [(index, place) for place in places]
    return bool(effects) and all(_is_set_anew(index, place, history) for index, place in effects)


def _names_given(node: ast.Assign) -> set[str]:
    targets = [part for each in node.targets for part in (each.elts if isinstance(each, ast.Tuple) else [each])]
    names = {each.id for each in targets if isinstance(each, ast.Name)}
    return names if len(names) == len(targets) else set()


def _places_set(statement: Statement, tainted: set[str]) -> list[Place] | None:
    """The places that get a value from the names; None where the names do something else too."""
    places: list[Place] = []
    accounted = 0
    for node in ast.walk(statement.node):
        if isinstance(node, ast.Assign) and _reads_any(node, tainted):
            place = statement.assigned.get(id(node))
            if place is None or not _is_pure(node.value) or any(_reads_any(each, tainted) for each in node.targets):
                return None
            places.append(place)
            accounted += _reads_of(node, tainted)
    return places if accounted == _reads_of(statement.node, tainted) else None


def _is_set_anew(index: int, place: Place, history: Sequence[_Moment]) -> bool:
    for moment in history[index + 1 :]:
        statement = moment.statement
        if any(_asks_for(read, place) for read in statement.reads) or statement.works_on_the_state:
            return False
        if any(place[: len(each)] == each for each in (*statement.sets, *statement.removes)):
            return True
    return False


def _asks_for(read: Place | str, place: Place) -> bool:
    """The read may be one of the place: the same, a part, the whole, or a property of that name of whatever."""
    if isinstance(read, str):
        return read in place[1:] or read in _TAKING_OVER
    if read[-1] in _TAKING_OVER:
        return read[0] == place[0] or len(read) < 3
    return len(read) > 1 and overlap(read, place)


def _is_pure(value: ast.expr) -> bool:
    for each in ast.walk(value):
        if isinstance(each, ast.Call):
            name = ast.unparse(each.func)
            if not (name.startswith("math.") or name.rpartition(".")[2] in _PURE):
                return False
    return True


def _reads_any(node: ast.AST, names: set[str]) -> bool:
    return _reads_of(node, names) > 0


def _reads_of(node: ast.AST, names: set[str]) -> int:
    return sum(
        isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load) and each.id in names for each in ast.walk(node)
    )


def _cleared_at(codes: Sequence[str], history: Sequence[_Moment]) -> int:
    """The last step that begins with taking away everything, and looks up nothing by name later; 0: none."""
    for step in range(len(codes) - 1, 0, -1):
        statements = [moment.statement.node for moment in history if moment.step == step]
        if _takes_all_away(statements):
            return 0 if any(_LOOKED_UP.search(code) for code in codes[step:]) else step
    return 0


def _takes_all_away(statements: Sequence[ast.stmt]) -> bool:
    selected = False
    for node in statements:
        text = ast.unparse(node) if isinstance(node, ast.Expr | ast.For) else ""
        if text.startswith(_CLEARING) or (selected and text.startswith("bpy.ops.object.delete(")):
            return True
        selected = (selected or "action='SELECT'" in text) and "select_set" not in text
        if isinstance(node, ast.For) and len(node.body) == 1 and _is_removal(node):
            return True
    return False


def _is_removal(node: ast.For) -> bool:
    everything = re.fullmatch(
        r"(?:list\()?(?:bpy\.data|bpy\.context\.scene)\.objects(?:\[:\]|\.values\(\))?\)?", ast.unparse(node.iter)
    )
    removed = rf"bpy\.data\.objects\.remove\({re.escape(ast.unparse(node.target))}\b.*"
    return bool(everything and re.fullmatch(removed, ast.unparse(node.body[0])))


def _ends_with_the_objects(name: str, statements: Sequence[Statement]) -> bool:
    """Nothing of the step that outlives its objects, such as the world and the render settings, reads the name."""
    tainted = {name}
    for statement in statements:
        if not _reads_any(statement.node, tainted):
            continue
        words = {each.attr for each in ast.walk(statement.node) if isinstance(each, ast.Attribute)}
        if words & _OUTLIVING or isinstance(statement.node, ast.FunctionDef | ast.ClassDef):
            return False
        if isinstance(statement.node, ast.Assign):
            tainted |= _names_given(statement.node)
    return True
