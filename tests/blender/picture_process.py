"""A Blender of a test's own that takes pictures: code and calls of `look_at_scene` go in as frames, pictures come out.

The pod's front is not in it, so that a test sees just what the child's function answers.
"""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cloud.blender.frames import BrokenStream, Message, encode_message, read_message
from cloud.errors import InvalidInput

Picture = NDArray[np.int16]

SHADER_CACHE = Path(tempfile.gettempdir()) / f"prompt2mesh-test-shaders-{os.getuid()}"
"""Compiled shaders, kept between runs: without them the first picture takes seconds."""

_PROJECT = Path(__file__).resolve().parents[2]
_EMPTY = """
import bmesh, bpy, math
bpy.ops.wm.read_factory_settings(use_empty=False)
bpy.data.batch_remove([*bpy.data.objects, *bpy.data.meshes, *bpy.data.lights, *bpy.data.cameras, *bpy.data.materials])
def block(name, colour, size=(1, 1, 1), place=(0, 0, 0)):
    bpy.ops.mesh.primitive_cube_add(size=1, location=place)
    made = bpy.context.object
    made.name, made.scale = name, size
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (*colour, 1)
    made.data.materials.append(material)
    return made
RED, GREEN, BLUE = (0.8, 0.02, 0.02), (0.02, 0.6, 0.02), (0.02, 0.02, 0.8)
"""


@dataclass(frozen=True)
class Seen:
    """What a call gave."""

    pictures: list[Picture]
    text: str
    views: list[str]
    files: Sequence[bytes]


class PictureProcess:
    """A Blender that looks."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._stream = connection.makefile("rb")

    def build(self, code: str) -> None:
        """Run the code in an empty scene, with `block(name, colour, size, place)` and RED, GREEN, BLUE."""
        self.run(_EMPTY + code)

    def run(self, code: str) -> str:
        """Run the code; its `answer`, as text."""
        return self._ask({"code": code}).header["text"]

    def look(self, *views: str, shading: str = "solid", size: int = 128, **arguments: Any) -> Seen:
        """Call `look_at_scene`. Raises: InvalidInput."""
        call = {"views": views or ["three_quarter"], "shading": shading, "size": size, **arguments}
        answer = self._ask({"call": call})
        if answer.header.get("invalid"):
            raise InvalidInput(answer.header["text"])
        pictures = [np.asarray(Image.open(BytesIO(blob)).convert("RGB"), dtype=np.int16) for blob in answer.blobs]
        return Seen(pictures, answer.header["text"], answer.header["structured"]["views"], answer.blobs)

    def _ask(self, header: dict[str, Any]) -> Message:
        self._connection.sendall(encode_message(Message(header)))
        answer = read_message(self._stream)
        assert not answer.header.get("failed"), answer.header["text"]
        return answer


@contextmanager
def picture_process() -> Iterator[PictureProcess]:
    """Start the Blender, and end it afterwards."""
    ours, theirs = socket.socketpair()
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_PROJECT), "MESA_SHADER_CACHE_DIR": str(SHADER_CACHE)}
    command = [sys.executable, "-P", "-m", "tests.blender.picture_process", str(theirs.fileno())]
    with ours, subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment, stdout=2) as process:
        theirs.close()
        try:
            yield PictureProcess(ours)
        finally:
            process.kill()
            process.wait(10)


def _serve(connection: socket.socket) -> None:
    from cloud.blender.child.look import look_at_scene  # imports bpy, which the tests' own process does not

    stream, names = connection.makefile("rb"), {}
    while True:
        try:
            request = read_message(stream)
        except BrokenStream:
            os._exit(0)
        try:
            if "code" in request.header:
                exec(request.header["code"], names)  # noqa: S102
                answer = Message({"text": str(names.get("answer", ""))})
            else:
                answer = look_at_scene(**request.header["call"])
        except InvalidInput as error:
            answer = Message({"text": str(error), "invalid": True})
        except Exception as error:  # noqa: BLE001 - the test that asked is told
            answer = Message({"text": f"{type(error).__name__}: {error}", "failed": True})
        connection.sendall(encode_message(answer))


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
