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
_ROUNDS = 8  # of passing a colour on from name to name; real code needs two or three


def says_colour(name: str) -> bool:
    """The words of the name call it a colour: `SEAT_COLOR`, `GLASS_TINT`; not `COLOR_CHIP_SIZE`."""
    words = name.split("_")
    if words[-1] in _MEASURES:
        return False
    return "COLOR" in name or "COLOUR" in name or not _WORDS.isdisjoint(words)


def names_used_as_colours(tree: ast.Module) -> frozenset[str]:
    """The names whose value comes to a colour of Blender: a socket, a property, or an argument that is called so."""
    reader = _Reader(tree)
    for _ in range(_ROUNDS):
        before = len(reader.known)
        for node in reader.nodes:
            for expression in reader.coloured_by(node):
                reader.known |= {each.id for each in _values_of(expression)}
        if len(reader.known) == before:
            break
    return frozenset(reader.known)


class _Reader:
    """One step's code, and the names that are known to be colours so far. One name is one thing in a whole step."""

    def __init__(self, tree: ast.Module) -> None:
        self.known: set[str] = set()
        kinds = (ast.Assign, ast.AnnAssign, ast.For, ast.comprehension, ast.Call)
        self.nodes = [node for node in ast.walk(tree) if isinstance(node, kinds)]
        self._functions = {
            node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        self._held = {
            node.targets[0].id: node.value
            for node in self.nodes
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }

    def coloured_by(self, node: ast.AST) -> Iterator[ast.expr]:
        """The expressions that are colours because of this node."""
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from self._pairs(target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield from self._pairs(node.target, node.value)
        elif isinstance(node, ast.For | ast.comprehension):
            for row in self._rows(node.iter):
                yield from self._pairs(node.target, row)
        elif isinstance(node, ast.Call):
            yield from (each.value for each in node.keywords if each.arg and _is_colour_word(each.arg))
            yield from self._arguments(node)

    def _pairs(self, target: ast.expr, value: ast.expr) -> Iterator[ast.expr]:
        if isinstance(target, ast.Tuple | ast.List):
            if isinstance(value, ast.Tuple | ast.List) and len(target.elts) == len(value.elts):
                for one, other in zip(target.elts, value.elts, strict=True):
                    yield from self._pairs(one, other)
        elif isinstance(target, ast.Name):
            if target.id in self.known:
                yield value
        elif _is_place_of_colour(target) or (_is_socket_value(target) and self._has_alpha(value)):
            yield value

    def _has_alpha(self, value: ast.expr) -> bool:
        """Four numbers: no socket but a colour's takes so many."""
        if isinstance(value, ast.Name):
            value = self._held.get(value.id, value)
        if isinstance(value, ast.BinOp):
            return isinstance(value.op, ast.Add) and _length(value.left) + _length(value.right) == 4
        return isinstance(value, ast.Tuple | ast.List) and _length(value) == 4

    def _rows(self, iterated: ast.expr) -> list[ast.expr]:
        """What a loop over a literal takes in turn; of a dictionary its `items()` or `values()`."""
        method = ""
        if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Attribute):
            method, iterated = iterated.func.attr, iterated.func.value
        if isinstance(iterated, ast.Name):
            iterated = self._held.get(iterated.id, iterated)
        if isinstance(iterated, ast.Dict):
            pairs = [(key, value) for key, value in zip(iterated.keys, iterated.values, strict=True) if key is not None]
            if method == "values":
                return [value for _, value in pairs]
            return [ast.Tuple([key, value], ast.Load()) for key, value in pairs] if method == "items" else []
        return list(iterated.elts) if isinstance(iterated, ast.Tuple | ast.List) and not method else []

    def _arguments(self, call: ast.Call) -> Iterator[ast.expr]:
        """The arguments that a function of the same code takes for a colour."""
        called = self._functions.get(call.func.id) if isinstance(call.func, ast.Name) else None
        if called is None:
            return
        names = [each.arg for each in (*called.args.posonlyargs, *called.args.args)]
        given = [*zip(names, call.args, strict=False), *((each.arg, each.value) for each in call.keywords)]
        for name, value in given:
            if name and (_is_colour_word(name) or name in self.known):
                yield value


def _length(expression: ast.expr) -> int:
    """How many numbers a colour's part has; a name stands for red, green and blue."""
    if isinstance(expression, ast.Tuple | ast.List):
        return sum(3 if isinstance(each, ast.Starred) else 1 for each in expression.elts)
    return 3


def _is_place_of_colour(target: ast.expr) -> bool:
    """`….diffuse_color`, `….inputs["Base Color"].default_value`."""
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
        return _is_place_of_colour(target.value)
    if not isinstance(target, ast.Attribute):
        return False
    if target.attr != "default_value":
        return _is_colour_word(target.attr)
    socket = target.value
    key: ast.expr | None = None
    if isinstance(socket, ast.Call) and isinstance(socket.func, ast.Attribute) and socket.func.attr == "get":
        key = socket.args[0] if socket.args else None
    elif isinstance(socket, ast.Subscript):
        key = socket.slice
    return isinstance(key, ast.Constant) and isinstance(key.value, str) and _is_colour_word(key.value)


def _is_socket_value(target: ast.expr) -> bool:
    return isinstance(target, ast.Attribute) and target.attr == "default_value"


def _is_colour_word(word: str) -> bool:
    lowered = word.lower()
    if any(part in lowered for part in _IN_NAMES):
        return not any(lowered.endswith(measure.lower()) for measure in _MEASURES)
    return lowered in {"emission", "hue"}  # the socket "Emission" of Blender before 4.0


def _values_of(expression: ast.expr) -> Iterator[ast.Name]:
    """The names whose whole value goes into the expression; not those that only pick, compare or count."""
    parts: list[ast.expr] = []
    match expression:
        case ast.Name():
            yield expression
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other):
            parts = [one, other]
        case ast.Subscript(value=whole) | ast.Starred(value=whole):
            parts = [whole]
        case ast.Tuple(elts=each) | ast.List(elts=each) | ast.Dict(values=each) | ast.Call(args=each):
            parts = each
        case ast.GeneratorExp(generators=loops) | ast.ListComp(generators=loops):
            parts = [loop.iter for loop in loops]
        case _:
            pass
    for part in parts:
        yield from _values_of(part)
