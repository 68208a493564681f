"""The Blender child: `python -m cloud.blender.child --socket FD --workspace DIR`, started by the front alone.

Blender's main thread is the loop: one request at a time from the socket, an answer for each. It ends when the
socket or stdin does, so it never outlives the front.
"""

import argparse
import logging
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.blender.frames import BrokenStream, Message, encode_message, read_message
from cloud.logs import configure_logging

if TYPE_CHECKING:
    from cloud.blender.child.desk import Desk

logger = logging.getLogger(__name__)


def main() -> None:
    """Import Blender, warm it up, and serve until the front is gone."""
    parser = argparse.ArgumentParser(prog="python -m cloud.blender.child", description=__doc__)
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--workspace", type=Path, required=True)
    arguments = parser.parse_args()
    configure_logging()
    _end_with_front()
    began = time.monotonic()
    from cloud.blender.child.desk import Desk  # imports bpy: after the lifeline is watched

    desk = Desk(arguments.workspace)
    logger.info("blender child is warm", extra={"elapsed_ms": round(1000 * (time.monotonic() - began))})
    with socket.socket(fileno=arguments.socket) as connection:
        _serve(connection, desk)


def _serve(connection: socket.socket, desk: "Desk") -> None:
    with connection.makefile("rb") as requests:
        while True:
            try:
                request = read_message(requests)
            except BrokenStream:
                return
            connection.sendall(encode_message(Message({"started": True})))
            connection.sendall(encode_message(desk.answer(request)))


def _end_with_front() -> None:
    """Watch the front's pipe from a thread, away from the numbers that user code reads and writes."""
    lifeline = os.dup(0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
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
