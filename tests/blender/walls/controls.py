"""`python -m tests.blender.walls.controls`: makes attempts with no wall around, each in a process of its own.

On stdin: the facts as JSON. On stdout: a line of JSON for each attempt. Run it as root in a mount namespace of its own.
"""

import json
import os
import signal
import sys
import tempfile
from typing import Any

from tests.blender.walls.attempts import Attempt, all_attempts
from tests.blender.walls.inside import system_call

_LIMIT_S = 20
_NEW_MOUNTS = 0x00020000


def main() -> None:
    """Make all that have a control."""
    import bpy  # noqa: F401 - once, before the copies are made

    facts = json.load(sys.stdin)
    for attempt in all_attempts():
        if attempt.has_control:
            sys.stdout.write(json.dumps([str(attempt), _apart(attempt, facts)]) + "\n")
            sys.stdout.flush()


def _apart(attempt: Attempt, facts: dict[str, Any]) -> dict[str, str]:
    """What came of it, in a copy of this process."""
    with tempfile.TemporaryFile() as answer:
        pid = os.fork()
        if not pid:
            os.setsid()
            signal.alarm(_LIMIT_S)
            try:
                system_call("unshare", _NEW_MOUNTS)  # what it mounts is no affair of the next
                said = {"through": repr(attempt.function(facts))[:300]}
            except BaseException as error:  # noqa: BLE001 - the top of this process
                said = {"refused": f"{type(error).__name__}: {error}"}
            os.write(answer.fileno(), json.dumps(said).encode())
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        answer.seek(0)
        said = answer.read()
    return json.loads(said) if said else {"refused": f"it ended: {os.waitstatus_to_exitcode(status)}"}


if __name__ == "__main__":
    main()
