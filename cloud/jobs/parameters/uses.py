"""Which constants of a step's code do anything in it: one that nothing reads is no knob."""

import ast

_ALL_NAMES = frozenset({"globals", "locals", "vars", "eval", "exec"})


def names_in_use(tree: ast.Module) -> frozenset[str] | None:
    """The names that come to something other than constants which nothing reads. None: the code may read any name."""
    reads_of: dict[str, set[str]] = {}  # of each name that is given once, at the top: what its value reads
    used: set[str] = set()
    for statement in tree.body:
        names = _given(statement)
        reads = set()
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                if node.id in _ALL_NAMES:
                    return None
                reads.add(node.id)
        if names is None:
            used |= reads
        for name in names or ():
            reads_of.setdefault(name, set()).update(reads)
    waiting = list(used)
    while waiting:
        for name in reads_of.pop(waiting.pop(), ()):
            if name not in used:
                used.add(name)
                waiting.append(name)
    return frozenset(used)


def _given(statement: ast.stmt) -> list[str] | None:
    """The names that a statement gives a value, if it does nothing else. A call may do anything."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return None
    if any(isinstance(node, ast.Call | ast.Await | ast.Yield | ast.NamedExpr) for node in ast.walk(statement.value)):
        return None
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    flat = [part for each in targets for part in (each.elts if isinstance(each, ast.Tuple | ast.List) else [each])]
    return [part.id for part in flat if isinstance(part, ast.Name)] if _are_names(flat) else None


def _are_names(targets: list[ast.expr]) -> bool:
    return all(isinstance(each, ast.Name) for each in targets)
