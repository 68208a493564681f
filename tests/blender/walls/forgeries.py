"""What a step can write into the sockets between Blender and the front, in place of Blender's own answer.

Each function is sent into the pod as text and run there; afterwards its process is gone.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from typing import Any

from tests.blender.walls.inside import Outside, sockets_of_the_front


class Line:
    """The child's ends of both sockets."""

    def __init__(self) -> None:
        stream, files = sockets_of_the_front()
        self.stream = socket.socket(fileno=os.dup(stream))
        self.files = socket.socket(fileno=os.dup(files))

    def answer(self, structured: Any, *, fds: tuple[int, ...] = (), header: dict[str, Any] | None = None) -> None:
        """A whole answer, with files."""
        for fd in fds:
            socket.send_fds(self.files, [b"f"], [fd])
        whole = {"text": "forged", "structured": structured, "blobs": 0, "fds": len(fds)} | (header or {})
        self.frame(json.dumps(whole).encode())

    def frame(self, content: bytes) -> None:
        """One frame, as long as it says."""
        self.stream.sendall(struct.pack(">I", len(content)) + content)


STEP = {
    "ok": True,
    "stdout": "",
    "error": None,
    "snapshot": {},
    "changed": {"summary": "", "added": [], "removed": [], "modified": []},
}


def a_snapshot_of_a_neighbour(line: Line, outside: Outside) -> None:
    sha256 = os.path.basename(outside["neighbour_snapshot"]).removesuffix(".blend")
    line.answer(STEP | {"snapshot": {"sha256": sha256, "bytes": 1, "parent": ""}})


def a_folder_as_snapshot(line: Line, outside: Outside) -> None:
    line.answer(STEP, fds=(os.open(outside["own_place"], os.O_RDONLY),))


def a_pipe_as_snapshot(line: Line, outside: Outside) -> None:
    line.answer(STEP, fds=(os.pipe()[0],))


def a_named_pipe_as_snapshot(line: Line, outside: Outside) -> None:
    os.mkfifo(f"{outside['own_place']}/fifo")
    line.answer(STEP, fds=(os.open(f"{outside['own_place']}/fifo", os.O_RDWR),))


def a_socket_as_snapshot(line: Line, outside: Outside) -> None:
    line.answer(STEP, fds=(socket.socketpair()[0].detach(),))


def a_device_as_snapshot(line: Line, outside: Outside) -> None:
    line.answer(STEP, fds=(os.open("/dev/zero", os.O_RDONLY),))


def a_file_of_the_kernel_as_snapshot(line: Line, outside: Outside) -> None:
    line.answer(STEP, fds=(os.open("/proc/kallsyms", os.O_RDONLY),))


def memory_as_snapshot(line: Line, outside: Outside) -> None:
    line.answer(STEP, fds=(os.open("/proc/self/mem", os.O_RDONLY),))


def a_link_as_snapshot(line: Line, outside: Outside) -> None:
    os.symlink(outside["secret"], f"{outside['own_place']}/to-secret")
    line.answer(STEP, fds=(os.open(f"{outside['own_place']}/to-secret", os.O_PATH | os.O_NOFOLLOW),))


def a_file_that_cannot_be_read_as_snapshot(line: Line, outside: Outside) -> None:
    line.answer(STEP, fds=(os.open(f"{outside['own_place']}/plain", os.O_WRONLY | os.O_CREAT),))


def a_path_without_content_as_snapshot(line: Line, outside: Outside) -> None:
    line.answer(STEP, fds=(os.open("/usr/bin/env", os.O_PATH),))


def a_sparse_file_as_snapshot(line: Line, outside: Outside) -> None:
    fd = os.open(f"{outside['own_scratch']}/sparse", os.O_RDWR | os.O_CREAT)
    os.truncate(fd, 2**31 - 1)
    line.answer(STEP, fds=(fd,))


def an_empty_file_as_snapshot(line: Line, outside: Outside) -> None:
    line.answer(STEP, fds=(os.open(f"{outside['own_scratch']}/empty", os.O_RDWR | os.O_CREAT),))


def nonsense_as_snapshot(line: Line, outside: Outside) -> None:
    fd = os.memfd_create("nonsense")
    os.write(fd, b"nonsense " * 1000)
    line.answer(STEP, fds=(fd,))


def half_a_scene_as_snapshot(line: Line, outside: Outside) -> None:
    fd = os.memfd_create("half")
    os.write(fd, b"BLENDER-v405" + os.urandom(5000))
    line.answer(STEP, fds=(fd,))


def files_that_are_not_there(line: Line, outside: Outside) -> None:
    line.answer(STEP, header={"fds": 3})


def more_files_than_are_counted(line: Line, outside: Outside) -> None:
    line.files.setblocking(False)
    try:
        for _ in range(2000):
            socket.send_fds(line.files, [b"f"], [0])
    except OSError:  # the socket is full
        pass
    line.answer(STEP | {"snapshot": None})


def many_files_in_one_packet(line: Line, outside: Outside) -> None:
    socket.send_fds(line.files, [b"f"], [0] * 200)
    line.answer(STEP, header={"fds": 1})


def a_packet_without_a_file(line: Line, outside: Outside) -> None:
    line.files.send(b"f")
    line.answer(STEP, header={"fds": 1})


def counts_that_are_none(line: Line, outside: Outside) -> None:
    for count in (True, -1, 10**30, "7", None, 1.5, [1]):
        line.answer(STEP, header={"blobs": count, "fds": count})


def a_frame_of_four_gibibytes(line: Line, outside: Outside) -> None:
    line.stream.sendall(b"\xff\xff\xff\xff" + bytes(1000))


def pictures_of_a_gibibyte(line: Line, outside: Outside) -> None:
    line.answer(STEP | {"snapshot": None}, header={"blobs": 16})
    part = bytes(2**20)
    for _ in range(16):
        line.stream.sendall(struct.pack(">I", 64 * 2**20))
        for _ in range(64):
            line.stream.sendall(part)


def half_a_frame(line: Line, outside: Outside) -> None:
    line.stream.sendall(struct.pack(">I", 1000) + b'{"text": ')


def words_that_are_no_json(line: Line, outside: Outside) -> None:
    line.frame(b"\xff\xfe{]")


def json_that_is_no_object(line: Line, outside: Outside) -> None:
    line.frame(b"[1, 2, 3]")


def json_nested_a_million_deep(line: Line, outside: Outside) -> None:
    line.frame(b'{"structured": ' + b"[" * 10**6 + b"]" * 10**6 + b"}")


def json_nested_just_so_deep(line: Line, outside: Outside) -> None:
    nested = b"[" * 900 + b"]" * 900
    line.frame(b'{"text": "", "blobs": 0, "fds": 0, "structured": {"snapshot": null, "a": ' + nested + b"}}")


def json_of_many_small_things(line: Line, outside: Outside) -> None:
    things = b"[" + b"[]," * 10**6 + b"[]]"
    line.frame(b'{"text": "", "blobs": 0, "fds": 0, "structured": {"snapshot": null, "a": ' + things + b"}}")


def numbers_that_are_none(line: Line, outside: Outside) -> None:
    line.frame(b'{"text": "", "blobs": 0, "fds": 0, "structured": {"snapshot": null, "a": NaN, "b": 1e999}}')


def text_that_is_no_unicode(line: Line, outside: Outside) -> None:
    line.frame(b'{"text": "\\ud800", "blobs": 0, "fds": 0, "structured": {"snapshot": null, "a": "\\udfff"}}')


def a_text_of_fifty_mebibytes(line: Line, outside: Outside) -> None:
    line.answer(STEP | {"snapshot": None}, header={"text": "x" * (50 * 2**20)})


def shapes_that_are_wrong(line: Line, outside: Outside) -> None:
    line.answer([1, 2], header={"text": {"a": 1}, "is_error": "perhaps", "media_type": 7, "retire": [1]})


def a_snapshot_of_the_wrong_shape(line: Line, outside: Outside) -> None:
    line.answer(STEP | {"snapshot": [1, 2], "stdout": {"a": 1}, "objects": "many", "triangles": -1})


def beginnings_without_an_end(line: Line, outside: Outside) -> None:
    until = time.monotonic() + 3
    while time.monotonic() < until:
        line.frame(b'{"started": true, "blobs": 0, "fds": 0}')


def silence(line: Line, outside: Outside) -> None:
    line.stream.shutdown(socket.SHUT_RDWR)
    line.files.shutdown(socket.SHUT_RDWR)
