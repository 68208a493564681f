"""Python source as a tree."""

import ast
import threading

# CPython before 3.11.8 and 3.12.2 counts the depth of all trees in one place: where two threads build trees at once,
# `ast.parse` fails with "SystemError: AST constructor recursion depth mismatch" (python/cpython#106905).
_ONE_AT_A_TIME = threading.Lock()


def parse_source(source: str) -> ast.Module:
    """The tree of a module, from any thread. Use it in place of `ast.parse` wherever jobs share a process.

    Raises: SyntaxError, ValueError, RecursionError, MemoryError, as `ast.parse`.
    """
    with _ONE_AT_A_TIME:
        return ast.parse(source)
