"""Which names of a step's code are colours: by their own words, or because the code puts them where a colour goes.

Three numbers from 0 to 1 may as well be a size or a place, so neither the numbers nor a guess decides.
"""

import ast
from collections.abc import Iterator

_WORDS = frozenset({"TINT", "HUE", "RGB", "RGBA", "ALBEDO", "SHADE", "COL", "COLORS", "COLOURS"})
_MEASURES = frozenset(
    {"SIZE", "DIMENSIONS", "SCALE", "LOCATION", "POSITION", "OFFSET", "ORIGIN", "CENTER", "CENTRE", "ROTATION"}
)
_IN_NAMES = ("color", "colour", "rgb", "tint", "albedo")
_MAPPINGS = frozenset({"inputs", "outputs"})
_ROUNDS = 8  # of passing a colour on from name to name; real code needs two or three

Functions = dict[str, ast.FunctionDef | ast.AsyncFunctionDef]


def says_colour(name: str) -> bool:
    """The words of the name call it a colour: `SEAT_COLOR`, `GLASS_TINT`; not `COLOR_CHIP_SIZE`."""
    words = name.split("_")
    if words[-1] in _MEASURES:
        return False
    return "COLOR" in name or "COLOUR" in name or not _WORDS.isdisjoint(words)


def names_used_as_colours(tree: ast.Module) -> frozenset[str]:
    """The names whose value comes to a colour of Blender: a socket, a property, or an argument that is called so."""
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    found: set[str] = set()
    for _ in range(_ROUNDS):
        before = len(found)
        for node in ast.walk(tree):
            for expression in _coloured_by(node, found, functions):
                found |= {each.id for each in _values_of(expression)}
        if len(found) == before:
            break
    return frozenset(found)


def _coloured_by(node: ast.AST, known: set[str], functions: Functions) -> Iterator[ast.expr]:
    """The expressions that are colours because of this node."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _coloured_pairs(target, node.value, known)
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        yield from _coloured_pairs(node.target, node.value, known)
    elif isinstance(node, ast.For | ast.comprehension):
        for row in _rows(node.iter):
            yield from _coloured_pairs(node.target, row, known)
    elif isinstance(node, ast.Call):
        yield from (each.value for each in node.keywords if each.arg and _is_colour_word(each.arg))
        yield from _coloured_arguments(node, known, functions)


def _coloured_pairs(target: ast.expr, value: ast.expr, known: set[str]) -> Iterator[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        if isinstance(value, ast.Tuple | ast.List) and len(target.elts) == len(value.elts):
            for one, other in zip(target.elts, value.elts, strict=True):
                yield from _coloured_pairs(one, other, known)
    elif _is_place_of_colour(target) or (isinstance(target, ast.Name) and target.id in known):
        yield value


def _rows(iterated: ast.expr) -> list[ast.expr]:
    """What a loop over a literal takes in turn; a dictionary's `items()` too."""
    if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Attribute) and iterated.func.attr == "items":
        held = iterated.func.value
        if isinstance(held, ast.Dict):
            pairs = [(key, value) for key, value in zip(held.keys, held.values, strict=True) if key is not None]
            return [ast.Tuple([key, value], ast.Load()) for key, value in pairs]
    return list(iterated.elts) if isinstance(iterated, ast.Tuple | ast.List) else []


def _coloured_arguments(call: ast.Call, known: set[str], functions: Functions) -> Iterator[ast.expr]:
    """The arguments that a function of the same code takes for a colour. One name is one thing in a whole step."""
    called = functions.get(call.func.id) if isinstance(call.func, ast.Name) else None
    if called is None:
        return
    names = [each.arg for each in (*called.args.posonlyargs, *called.args.args)]
    for name, value in zip(names, call.args, strict=False):
        if _is_colour_word(name) or name in known:
            yield value
    for keyword in call.keywords:
        if keyword.arg in known:
            yield keyword.value


def _is_place_of_colour(target: ast.expr) -> bool:
    """`….diffuse_color`, `….inputs["Base Color"].default_value`."""
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
        return _is_place_of_colour(target.value)
    if not isinstance(target, ast.Attribute):
        return False
    if target.attr != "default_value":
        return _is_colour_word(target.attr)
    socket = target.value
    if isinstance(socket, ast.Call) and isinstance(socket.func, ast.Attribute) and socket.func.attr == "get":
        key: ast.expr | None = socket.args[0] if socket.args else None
        owner = socket.func.value
    elif isinstance(socket, ast.Subscript):
        key, owner = socket.slice, socket.value
    else:
        return False
    is_socket = isinstance(owner, ast.Attribute) and owner.attr in _MAPPINGS
    return is_socket and isinstance(key, ast.Constant) and isinstance(key.value, str) and _is_colour_word(key.value)


def _is_colour_word(word: str) -> bool:
    lowered = word.lower()
    if any(part in lowered for part in _IN_NAMES):
        return not any(lowered.endswith(measure.lower()) for measure in _MEASURES)
    return lowered in {"emission", "hue"}  # the socket "Emission" of Blender before 4.0


def _values_of(expression: ast.expr) -> Iterator[ast.Name]:
    """The names whose whole value goes into the expression; not those that only pick, compare or count."""
    if isinstance(expression, ast.Name):
        yield expression
    elif isinstance(expression, ast.IfExp):
        yield from _values_of(expression.body)
        yield from _values_of(expression.orelse)
    elif isinstance(expression, ast.Subscript | ast.Starred):
        yield from _values_of(expression.value)
    elif isinstance(expression, ast.BinOp):
        yield from _values_of(expression.left)
        yield from _values_of(expression.right)
    elif isinstance(expression, ast.Tuple | ast.List):
        for each in expression.elts:
            yield from _values_of(each)
    elif isinstance(expression, ast.Call):
        for each in expression.args:
            yield from _values_of(each)
    elif isinstance(expression, ast.GeneratorExp | ast.ListComp):
        for each in expression.generators:
            yield from _values_of(each.iter)
