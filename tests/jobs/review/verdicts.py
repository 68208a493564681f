"""What a scripted reviewer says of a scene."""

import json
from collections.abc import Callable
from typing import Any

from tests.support.scripted_messages import Reply, says

Answer = dict[str, Any]

_MET = {"text": "a tall tower", "evidence": "front", "status": "met"}
_FLAG = {"text": "a red flag", "evidence": "no view shows one", "status": "not"}
_FLOATS = {"what": "The roof floats.", "severity": "major", "objects": ["roof"], "mend": "lower it by 0.2 m"}
_FALLEN = {"what": "The tower has fallen over.", "severity": "critical", "objects": ["tower"], "mend": "set it up"}


def _answer(*, requirements: list[Answer], defects: list[Answer]) -> Answer:
    decision = "mend" if defects else "pass"
    return {"requirements": requirements, "defects": defects, "summary": "A tower.", "decision": decision}


GOOD = _answer(requirements=[_MET], defects=[])
FAULTY = _answer(requirements=[_MET], defects=[_FLOATS])
MISSING = _answer(requirements=[_MET, _FLAG], defects=[_FALLEN])
WORSE = _answer(requirements=[_MET, _FLAG], defects=[_FALLEN, _FALLEN])


def reviewed(answer: Answer) -> Reply:
    """The reply that holds the verdict."""
    return says(json.dumps(answer))


def asks(answer: Answer) -> Callable[[dict[str, Any]], Reply]:
    """A reviewer who always says the same."""
    return lambda body: reviewed(answer)
