"""A step's code with its short cuts written out, so that what it sets can be followed: to be read, never to be run.

Other names for `bpy.data`, the node that is found by its type, the data-block that is made where there is none, and the
calls of the step's own functions. What cannot be written out for sure stays as it is.
"""

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence

_SHORT_CUTS = ("bpy.data", "bpy.context", "bpy.context.scene")
_NODE_NAMES = {
    "BSDF_PRINCIPLED": "Principled BSDF", "OUTPUT_MATERIAL": "Material Output", "EMISSION": "Emission",
    "BACKGROUND": "Background", "OUTPUT_WORLD": "World Output",
}  # fmt: skip
_DEPTH = 4
_STATEMENTS_AT_MOST = 5_000
_Functions = Mapping[str, ast.FunctionDef]


def written_out(tree: ast.Module) -> ast.Module:
    """The same step without short cuts. The tree that is given stays as it is. Raises: RecursionError."""
    tree = copy.deepcopy(tree)
    tree = _Aliases(_aliases(tree)).visit(tree)
    tree = _FoundNodes().visit(tree)
    tree.body = _with_makers(tree.body)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef) and _is_plain(node)}
    for node in functions.values():
        node.body = _with_makers(node.body)
    caller = _Inliner(functions)
    body = [each for node in tree.body for each in caller.statement(node, _DEPTH)]
    still_called = {each.id for node in body for each in ast.walk(node) if isinstance(each, ast.Name)}
    tree.body = [node for node in body if not (isinstance(node, ast.FunctionDef) and node.name not in still_called)]
    return ast.fix_missing_locations(tree)


def _aliases(tree: ast.Module) -> dict[str, ast.expr]:
    """The names that are given once, to one of the things that everybody shortens."""
    found: dict[str, ast.expr] = {}
    bound = [each.id for each in ast.walk(tree) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
    for node in tree.body:
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        pairs = [(node.targets[0], node.value)]
        if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(node.targets[0].elts, node.value.elts, strict=False))
        for target, value in pairs:
            text = ast.unparse(value)
            is_short_cut = text in _SHORT_CUTS or (text.startswith("bpy.data.") and text.count(".") == 2)
            if isinstance(target, ast.Name) and bound.count(target.id) == 1 and is_short_cut and "(" not in text:
                found[target.id] = value
    return found


class _Aliases(ast.NodeTransformer):
    """Puts what the names stand for in their place; `from bpy import data` too."""

    def __init__(self, found: Mapping[str, ast.expr]) -> None:
        self._found = found

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self._found.get(node.id) if isinstance(node.ctx, ast.Load) else None
        return self.visit(copy.deepcopy(value)) if value is not None else node


class _FoundNodes(ast.NodeTransformer):
    """`next(n for n in nodes if n.type == "BSDF_PRINCIPLED")` as `nodes["Principled BSDF"]`, which is the same one."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if not (isinstance(node.func, ast.Name) and node.func.id == "next" and node.args):
            return node
        found = node.args[0]
        if not isinstance(found, ast.GeneratorExp) or len(found.generators) != 1:
            return node
        loop = found.generators[0]
        if not isinstance(loop.target, ast.Name) or ast.unparse(found.elt) != loop.target.id or len(loop.ifs) != 1:
            return node
        test = loop.ifs[0]
        if not isinstance(test, ast.Compare) or not isinstance(test.comparators[0], ast.Constant):
            return node
        if len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
            return node
        if ast.unparse(test.left) not in {f"{loop.target.id}.type", f"{loop.target.id}.name"}:
            return node
        kind = test.comparators[0].value
        name = _NODE_NAMES.get(kind, kind) if isinstance(kind, str) else kind
        return ast.Subscript(value=loop.iter, slice=ast.Constant(name), ctx=ast.Load())


def _with_makers(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """`m = get(…)` and `if m is None: m = new(…)` as `m = get(…) or new(…)`, with what else stands under the `if`."""
    found: list[ast.stmt] = []
    for node in body:
        before = found[-1] if found else None
        if not (isinstance(node, ast.If) and not node.orelse and isinstance(before, ast.Assign)):
            found.append(node)
            continue
        name, first = ast.unparse(before.targets[0]), node.body[0]
        is_made = isinstance(first, ast.Assign) and ast.unparse(first.targets[0]) == name
        if len(before.targets) == 1 and ast.unparse(node.test) in (f"not {name}", f"{name} is None") and is_made:
            assert isinstance(first, ast.Assign)
            either = ast.BoolOp(op=ast.Or(), values=[before.value, first.value])
            found[-1] = ast.Assign(targets=before.targets, value=either)
            if node.body[1:]:
                found.append(ast.If(test=node.test, body=node.body[1:], orelse=[]))
        else:
            found.append(node)
    return found


def _is_plain(function: ast.FunctionDef) -> bool:
    """It runs from its first statement to its last, and returns at the end or not at all."""
    if function.decorator_list or function.args.vararg or function.args.kwarg or function.args.posonlyargs:
        return False
    inner = [each for node in function.body for each in ast.walk(node)]
    banned = (
        ast.Yield, ast.YieldFrom, ast.Await, ast.Global, ast.Nonlocal, ast.FunctionDef, ast.Lambda, ast.ClassDef,
    )  # fmt: skip
    returns = [each for each in inner if isinstance(each, ast.Return)]
    return not any(isinstance(each, banned) for each in inner) and returns in ([], [function.body[-1]])


class _Inliner:
    """Writes the bodies of functions where they are called, with names of their own for what is theirs."""

    def __init__(self, functions: _Functions) -> None:
        self._functions = functions
        self._count = 0
        self._written = 0

    def statement(self, node: ast.stmt, depth: int) -> list[ast.stmt]:
        """The statement, after the bodies of what it calls."""
        self._written += 1
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr | ast.Return) or node.value is None:
            return [node]
        before: list[ast.stmt] = []
        for call in list(_calls_surely_made(node.value)):
            if not isinstance(call.func, ast.Name) or self._written > _STATEMENTS_AT_MOST or depth <= 0:
                continue
            function = self._functions.get(call.func.id)
            given = _arguments(function, call) if function else None
            if function is None or given is None:
                continue
            lines, returned = self._body(function, given, depth)
            before += lines
            node = _Replaced(call, returned).visit(node)
        return [*before, node]

    def _body(
        self, function: ast.FunctionDef, given: Mapping[str, ast.expr], depth: int
    ) -> tuple[list[ast.stmt], ast.expr]:
        """What a call does, and what it gives."""
        self._count += 1
        body = [copy.deepcopy(node) for node in function.body]
        set_here = {
            each.id
            for node in body
            for each in ast.walk(node)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        }
        known = {name: value for name, value in given.items() if name not in set_here and _is_simple(value)}
        renamed = {name: f"_{self._count}_{name.lower()}" for name in {*set_here, *(given.keys() - known.keys())}}
        lines: list[ast.stmt] = [
            ast.Assign(targets=[ast.Name(renamed[name], ast.Store())], value=copy.deepcopy(value))
            for name, value in given.items()
            if name in renamed
        ]
        lines += [_Renamed(known, renamed).visit(node) for node in body]
        for line in lines:
            ast.fix_missing_locations(line)
        returned: ast.expr = ast.Constant(None)
        if isinstance(lines[-1], ast.Return):
            last = lines.pop()
            assert isinstance(last, ast.Return)
            returned = last.value or returned
            name = f"_{self._count}_"
            lines.append(ast.Assign(targets=[ast.Name(name, ast.Store())], value=returned))
            ast.fix_missing_locations(lines[-1])
            returned = ast.Name(name, ast.Load())
        return [each for line in lines for each in self.statement(line, depth - 1)], returned


class _Replaced(ast.NodeTransformer):
    """One call gives way to what it gives."""

    def __init__(self, call: ast.Call, value: ast.expr) -> None:
        self._call, self._value = call, value

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if node is self._call:
            return self._value
        self.generic_visit(node)
        return node


class _Renamed(ast.NodeTransformer):
    """The names of a function's own, as they are called where it was called."""

    def __init__(self, known: Mapping[str, ast.expr], renamed: Mapping[str, str]) -> None:
        self._known, self._renamed = known, renamed

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self._known:
            return copy.deepcopy(self._known[node.id])
        return ast.Name(self._renamed.get(node.id, node.id), node.ctx)


def _calls_surely_made(node: ast.expr) -> Iterator[ast.Call]:
    """The calls in an expression that happen whenever it is worked out, once each, the inner ones first."""
    if isinstance(node, ast.IfExp | ast.BoolOp | ast.Lambda | ast.GeneratorExp | ast.ListComp | ast.DictComp):
        return
    for child in ast.iter_child_nodes(node):
        inner = child.value if isinstance(child, ast.keyword) else child
        if isinstance(inner, ast.expr):
            yield from _calls_surely_made(inner)
    if isinstance(node, ast.Call):
        yield node


def _arguments(function: ast.FunctionDef, call: ast.Call) -> dict[str, ast.expr] | None:
    """What each of the function's names is given by the call; None where the call is no plain one."""
    taken, named = function.args, {word.arg: word.value for word in call.keywords if word.arg}
    names = [each.arg for each in taken.args]
    if any(isinstance(each, ast.Starred) for each in call.args) or len(named) != len(call.keywords):
        return None
    defaults = dict(zip(reversed(names), reversed(taken.defaults), strict=False))
    only_named = {each.arg: value for each, value in zip(taken.kwonlyargs, taken.kw_defaults, strict=True) if value}
    given = defaults | only_named | dict(zip(names, call.args, strict=False)) | named
    expected = {*names, *(each.arg for each in taken.kwonlyargs)}
    return given if given.keys() == expected and len(call.args) <= len(names) else None


def _is_simple(value: ast.expr) -> bool:
    """It may be read in several places: a plain value or a name."""
    return isinstance(value, ast.Constant | ast.Name)
