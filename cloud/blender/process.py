"""One Blender child process, seen from the front: start it, ask it one thing at a time, end it.

The child has its own session, so that ending it takes what user code started with it. It ends with the front
however the front ends: by the parent-death signal where `setpriv` exists, and by end-of-file on its stdin.
"""

import asyncio
import logging
import os
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from cloud.blender.frames import BrokenStream, Message, encode_message, read_message_async

logger = logging.getLogger(__name__)


_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class ChildDied(Exception):
    """The child ended. `started`: it had taken up the request; else asking another child is safe."""

    def __init__(self, how: str, *, started: bool) -> None:
        super().__init__(how)
        self.started = started


class BlenderProcess:
    """A running child. `ask` may be awaited by one task at a time."""

    def __init__(self, process: asyncio.subprocess.Process, stream: _Stream) -> None:
        self._process = process
        self._reader, self._writer = stream

    @classmethod
    async def start(cls, workspace: Path) -> "BlenderProcess":
        """Begin a child; it takes requests as soon as Blender is imported. From the main thread only."""
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-P", "-m", "cloud.blender.child", "--socket", str(theirs.fileno())]
        command += ["--workspace", str(workspace)]
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "KILL", *command]
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=sys.stderr.fileno(),
                cwd=workspace,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        return cls(process, await asyncio.open_unix_connection(sock=ours))

    @property
    def alive(self) -> bool:
        """It has not ended as far as we know."""
        return self._process.returncode is None and not self._reader.at_eof()

    @property
    def pid(self) -> int:
        """The operating system's number of the process."""
        return self._process.pid

    async def ask(self, tool: str, arguments: dict[str, Any]) -> Message:
        """The child's answer, without a time limit; after a cancelled wait, kill the child. Raises: ChildDied."""
        started = False
        try:
            self._writer.write(encode_message(Message({"tool": tool, "arguments": arguments})))
            await self._writer.drain()
            while True:
                message = await read_message_async(self._reader)
                if not message.header.get("started"):
                    return message
                started = True
        except (BrokenStream, ConnectionError) as error:
            how = await self._death()
            raise ChildDied(how, started=started) from error

    async def kill(self) -> None:
        """End the child and its session at once, and reap it."""
        self._writer.close()
        if self._process.returncode is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                logger.debug("child had ended already", extra={"pid": self._process.pid})
        await self._process.wait()

    async def _death(self) -> str:
        """How the process ended, in words; kills it if only its stream did."""
        try:
            code = await asyncio.wait_for(self._process.wait(), 2)
        except TimeoutError:
            await self.kill()
            return "Blender closed its connection"
        if code < 0:
            return f"Blender was ended by {signal.Signals(-code).name}"
        return f"Blender ended with exit code {code}"
