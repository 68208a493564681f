"""What the statements of a scene's steps set and read, as far as their code says it without being run.

A place is a thing of the scene (a number of ours, because names change) and the way to one of its properties, such as
the lens of the camera's data. What cannot be told for sure has no place.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

Place = tuple[str, ...]

_SCENE = ("bpy.context.scene", "bpy.data.scenes[0]", "bpy.data.scenes['Scene']")
_ACTIVE = ("bpy.context.object", "bpy.context.active_object", "bpy.context.view_layer.objects.active")
_VECTORS = frozenset({"location", "rotation_euler", "scale"})
_HARMLESS_OPERATORS = re.compile(
    r"bpy\.ops\.(?:mesh\.\w+|curve\.\w+|object\.(?:\w+_add|select_all|shade_\w+|mode_set|editmode_toggle))"
)
# The way to a value; who reads one asks for what lies at its end.
_WAYS = frozenset({"node_tree", "nodes", "inputs", "outputs", "links"})
_AXES = {"0": "x", "1": "y", "2": "z"}


@dataclass
class Statement:
    """A statement of a step's top level. `sets`: what it surely gives a new value; `removes`: the things it takes away.

    `reads`: the places that it reads, and the names of the properties of which nobody knows whose they are.
    """

    node: ast.stmt
    sets: list[Place] = field(default_factory=list)
    removes: list[Place] = field(default_factory=list)
    reads: list[Place | str] = field(default_factory=list)
    assigned: dict[int, Place] = field(default_factory=dict)
    """Each place that an assignment in it sets, surely or not, by the assignment's `id`."""

    @cached_property
    def works_on_the_state(self) -> bool:
        """It calls an operator that may work on whatever is there, or reads names as texts."""
        return any(
            (name.startswith("bpy.ops.") and not _HARMLESS_OPERATORS.fullmatch(name))
            or name in {"getattr", "eval", "exec"}
            for name in _called_in(self.node)
        )


class Tracer:
    """Follows the steps of one scene in their order, and keeps which thing each name means."""

    def __init__(self) -> None:
        self._things: dict[tuple[str, str], str | None] = {}
        self._data: dict[str, Place] = {}
        self._camera: Place | None = None
        self._count = 0
        self._variables: dict[str, Place] = {}
        self._active: Place | None = None
        self._functions: frozenset[str] = frozenset()

    def step(self, tree: ast.Module) -> list[Statement]:
        """What the step's statements do. Its variables end with it."""
        self._variables, self._active = {}, None
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)]
        self._functions = frozenset(node.name for node in functions if isinstance(node, ast.FunctionDef))
        anywhere = [name for function in functions for name in _property_names(function)]
        traced = [self._statement(node) for node in tree.body]
        for statement in traced:
            statement.reads += anywhere  # a function may be called from any of them
        return traced

    def _statement(self, node: ast.stmt) -> Statement:
        traced = Statement(node)
        simple = isinstance(node, ast.Assign) and len(node.targets) == 1
        if not simple:
            for name in _bound_in(node):
                self._variables.pop(name, None)
        for assigned in (each for each in ast.walk(node) if isinstance(each, ast.Assign) and len(each.targets) == 1):
            target = assigned.targets[0]
            if isinstance(target, ast.Attribute | ast.Subscript) and (place := self.place(target)):
                traced.assigned[id(assigned)] = place
        traced.reads = list(self._reads(node))
        if isinstance(node, ast.Assign) and simple:
            self._assign(node, traced)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            self._call(node.value, traced)
        elif any("bpy.ops." in name for name in _called_in(node)):
            self._active = None
        return traced

    def _assign(self, node: ast.Assign, traced: Statement) -> None:
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Name):
            place = self.place(value)
            self._variables.pop(target.id, None)
            if place:
                self._variables[target.id] = place
            return
        place = traced.assigned.get(id(node))
        if not place:
            return
        if place == ("scene", "camera"):
            self._camera = self.place(value)
        elif place[1:] == ("name",) and isinstance(value, ast.Constant) and isinstance(value.value, str):
            self._things.setdefault(("objects", value.value), place[0])
        elif len(place) > 1:
            traced.sets.append(place)

    def _call(self, call: ast.Call, traced: Statement) -> None:
        called = ast.unparse(call.func)
        if called.startswith("bpy.ops.") and called.endswith("_add"):
            self._active = (self._new(),)
        elif called.startswith("bpy.ops."):
            self._active = None
        elif called == "bpy.data.objects.remove" and call.args and (place := self.place(call.args[0])):
            traced.removes.append(place)
            if place[0] in self._data:
                traced.removes.append(self._data[place[0]])
            for key in [key for key, thing in self._things.items() if thing == place[0]]:
                del self._things[key]

    def _reads(self, node: ast.AST) -> Iterator[Place | str]:
        """Every property that the node reads; the way to what an assignment sets is not read."""
        for each in _read_in(node):
            yield self.place(each) or each.attr

    def place(self, node: ast.expr) -> Place | None:
        """The place that an expression means; None where that is not sure."""
        if isinstance(node, ast.Name):
            return self._variables.get(node.id)
        if isinstance(node, ast.BoolOp):  # `bpy.data.materials.get("Wood") or bpy.data.materials.new("Wood")`
            return self.place(node.values[0])
        if isinstance(node, ast.Attribute | ast.Subscript):
            return self._part(node)
        return self._called(node) if isinstance(node, ast.Call) else None

    def _part(self, node: ast.Attribute | ast.Subscript) -> Place | None:
        text = ast.unparse(node)
        if text in _SCENE:
            return ("scene",)
        if text in _ACTIVE:
            return self._active
        key = node.attr if isinstance(node, ast.Attribute) else _constant(node.slice)
        if key is None:
            return None
        if isinstance(node, ast.Subscript) and (kind := _kind_of_data(node.value)):
            return self._named(kind, key)
        base = self.place(node.value)
        if base is None:
            return None
        if base[-1] in _VECTORS:
            key = _AXES.get(key, key)
        if key == "data" and len(base) == 1:
            return self._data.get(base[0], (*base, key))
        return self._camera if (*base, key) == ("scene", "camera") and self._camera else (*base, key)

    def _called(self, call: ast.Call) -> Place | None:
        texts = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if isinstance(call.func, ast.Name):  # a function of the step that makes what its only text names
            is_maker = call.func.id in self._functions and len(texts) == 1
            return self._made("objects", texts[0]) if is_maker else None
        if not isinstance(call.func, ast.Attribute):
            return None
        named = [each.value for each in call.keywords if each.arg == "name"]
        name = texts[0] if texts else _constant(named[0]) if named else None
        kind = _kind_of_data(call.func.value)
        if name is None:
            return None
        if call.func.attr == "get":
            base = self.place(call.func.value)
            return self._named(kind, name) if kind else (*base, name) if base else None
        if call.func.attr != "new" or not kind:
            return None
        made = self._made(kind, name)
        held = (
            call.args[1]
            if len(call.args) > 1
            else next((k.value for k in call.keywords if k.arg == "object_data"), None)
        )
        if made and held is not None and (data := self.place(held)):
            self._data[made[0]] = data
        return made

    def _named(self, kind: str, name: str) -> Place | None:
        thing = (
            self._things.setdefault((kind, name), self._new())
            if (kind, name) not in self._things
            else self._things[kind, name]
        )
        return (thing,) if thing else None

    def _made(self, kind: str, name: str) -> Place | None:
        """A new thing. Where there is one of the name already nobody can tell which is which from then on."""
        thing = None if (kind, name) in self._things else self._new()
        self._things[kind, name] = thing
        return (thing,) if thing else None

    def _new(self) -> str:
        self._count += 1
        return f"#{self._count}"


def overlap(one: Place, other: Place) -> bool:
    """One is the other, or a part of it."""
    return one[: len(other)] == other[: len(one)]


def _kind_of_data(node: ast.expr) -> str | None:
    """`objects` for `bpy.data.objects`."""
    text = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
    return text.removeprefix("bpy.data.") if text.startswith("bpy.data.") and text.count(".") == 2 else None


def _constant(node: ast.expr) -> str | None:
    return str(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str | int) else None


def _bound_in(node: ast.stmt) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load)}


def _called_in(node: ast.AST) -> list[str]:
    return [ast.unparse(each.func) for each in ast.walk(node) if isinstance(each, ast.Call)]


def _property_names(node: ast.AST) -> set[str]:
    return {each.attr for each in _read_in(node)}


def _read_in(node: ast.AST) -> Iterator[ast.Attribute]:
    set_here: set[int] = set()
    for each in ast.walk(node):
        for target in each.targets if isinstance(each, ast.Assign) else []:
            set_here |= {id(part) for part in ast.walk(target)}
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and each.attr not in _WAYS and id(each) not in set_here:
            yield each
