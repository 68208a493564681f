"""The attempts, and how one is made: in a pod as `run_python` code, or outside of all walls as its own control."""

import inspect
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from cloud.agent.toolbox import McpToolbox
from tests.blender.walls import (
    attempts_blender,
    attempts_kernel,
    attempts_network,
    attempts_processes,
    attempts_reading,
    attempts_rights,
    attempts_writing,
    inside,
)
from tests.blender.walls.inside import Outside

KINDS = {
    "network": attempts_network,
    "reading": attempts_reading,
    "writing": attempts_writing,
    "processes": attempts_processes,
    "rights": attempts_rights,
    "kernel": attempts_kernel,
    "blender": attempts_blender,
}
REFUSALS = {"OSError", "CalledProcessError", "RuntimeError"}
"""Roots of what a wall raises: the system's errors, a program that failed, an operator of Blender's that did."""

_IMPORTS_OF_OURS = re.compile(r"^from (__future__|tests\.).*?(\([^)]*\)|$)", re.MULTILINE | re.DOTALL)
_VERDICT = """
def _verdict(attempt, outside):
    import json
    try:
        said = {"through": repr(attempt(outside))[:500]}
    except BaseException as error:
        kinds = [kind.__name__ for kind in type(error).__mro__]
        said = {"refused": f"{type(error).__name__}: {error}"[:500], "kinds": kinds}
    print("\\nVERDICT " + json.dumps(said))
"""


@dataclass(frozen=True)
class Attempt:
    """One way out, as a function that returns what it got, or raises."""

    kind: str
    name: str
    function: Callable[[Outside], object]

    def __str__(self) -> str:
        return f"{self.kind}-{self.name}"

    @property
    def may_end_blender(self) -> bool:
        """The kernel may kill whoever tries it."""
        return getattr(self.function, "may_end", False)

    @property
    def has_control(self) -> bool:
        """It can be tried outside of the sandbox, where it must get through."""
        return not hasattr(self.function, "uncontrolled")

    @property
    def only_in_bubblewrap(self) -> str:
        """Why it is not tried in a container; "": it is."""
        return getattr(self.function, "elsewhere", "")

    def code(self, outside: Outside) -> str:
        """The step that makes the attempt and prints its verdict."""
        facts = f"__import__('json').loads({json.dumps(json.dumps(outside))})"
        return as_step(inside, KINDS[self.kind], call=f"{_VERDICT}\n_verdict({self.name}, {facts})\n")


def as_step(*modules: ModuleType, call: str) -> str:
    """The modules' text, in one, and what is to be done with it."""
    sources = [_IMPORTS_OF_OURS.sub("", inspect.getsource(module)) for module in modules]
    return "\n".join(["from __future__ import annotations", *sources, call])


def functions_of(module: ModuleType) -> dict[str, Callable[..., object]]:
    """The module's own public functions, by name."""
    return {
        name: function
        for name, function in vars(module).items()
        if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == module.__name__
    }


def all_attempts() -> list[Attempt]:
    """Those that may end Blender come last."""
    found = [
        Attempt(kind, name, function)
        for kind, module in KINDS.items()
        for name, function in functions_of(module).items()
    ]
    return sorted(found, key=lambda attempt: attempt.may_end_blender)


async def verdict_of(box: McpToolbox, attempt: Attempt, outside: Outside) -> dict[str, Any]:
    """What came of the attempt, made as a step in the pod; a step that was lost is a refusal."""
    result = await box.call("run_python", {"code": attempt.code(outside)})
    for line in reversed(result.structured.get("stdout", "").splitlines()):
        if line.startswith("VERDICT "):
            return json.loads(line.removeprefix("VERDICT "))
    error = result.structured["error"] or {"type": "nothing was said", "message": result.structured["stdout"][-500:]}
    return {"refused": f"{error['type']}: {error['message']}", "kinds": [error["type"]]}
