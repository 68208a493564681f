"""The Blender child, started by the front alone (`process.py` makes its command line).

Blender's main thread is the loop: one request at a time from the socket, an answer for each. It ends when the
socket or stdin does, so it never outlives the front.
"""

import argparse
import json
import logging
import os
import resource
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.blender.child.places import Places
from cloud.blender.frames import BrokenStream, Message, read_message, send_message
from cloud.logs import configure_logging

if TYPE_CHECKING:
    from cloud.blender.child.desk import Desk

logger = logging.getLogger(__name__)


def main() -> None:
    """Import Blender and serve until the front is gone."""
    arguments = _parse_arguments()
    _limit_ourselves(json.loads(arguments.limits), own_user=arguments.own_user)
    places = Places(arguments.workspace, arguments.scratch, arguments.snapshots, arguments.imports, arguments.cache)
    for folder in (places.workspace, places.scratch, Path(os.environ.get("HOME", "/nonexistent"))):
        folder.mkdir(parents=True, exist_ok=True)
    os.chdir(places.workspace)
    configure_logging()
    _end_with_front()
    began = time.monotonic()
    from cloud.blender.child.desk import Desk  # imports bpy: after the lifeline is watched

    desk = Desk(places, own_processes_only=arguments.signals_stay_inside)
    logger.info("blender child is there", extra={"elapsed_ms": round(1000 * (time.monotonic() - began))})
    with socket.socket(fileno=arguments.socket) as connection, socket.socket(fileno=arguments.files) as files:
        _serve(connection, files, desk)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cloud.blender.child", description=__doc__)
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--files", type=int, required=True)
    parser.add_argument("--limits", required=True)
    parser.add_argument("--signals-stay-inside", action="store_true")
    parser.add_argument("--own-user", action="store_true")
    for name in ("workspace", "scratch", "snapshots", "imports", "cache"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    return parser.parse_args()


def _serve(connection: socket.socket, files: socket.socket, desk: "Desk") -> None:
    with connection.makefile("rb") as requests:
        while True:
            try:
                request = read_message(requests)
            except BrokenStream:
                return
            send_message(connection, files, Message({"started": True}))
            answer = desk.answer(request)
            try:
                send_message(connection, files, answer)
            except ValueError as error:  # it breaks a limit, and nothing of it was sent
                send_message(connection, files, desk.too_long(error))


def _limit_ourselves(limits: dict[str, int], *, own_user: bool) -> None:
    """Limits that the kernel holds for this process and what it starts: setrlimit(2). None can be raised again.

    `own_user`: no process outside of the sandbox counts as this user's, so their number can be limited.
    """
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        # A little less than the control group's limit: a MemoryError is better than a lost step.
        resource.RLIMIT_DATA: limits["memory_bytes"] * 15 // 16,
        resource.RLIMIT_NOFILE: 4096,
    }
    if own_user:
        wanted[resource.RLIMIT_NPROC] = limits["processes"]
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (least, least))


def _end_with_front() -> None:
    """Watch the front's pipe from a thread, away from the number that user code reads."""
    lifeline = os.dup(0)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)

    def watch() -> None:
        while os.read(lifeline, 1):
            continue
        os._exit(0)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


if __name__ == "__main__":
    main()
    sys.stderr.flush()
    os._exit(0)  # Blender's own teardown can crash, and there is nothing left to save
