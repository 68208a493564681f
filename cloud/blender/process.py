"""One Blender child process, seen from the front: start it, ask it one thing at a time, end it.

The child and whatever it starts are one tree that ends as a whole: with its process-number namespace in the
sandbox, with its session without. It ends with the front however the front ends: by the parent-death signal where
`setpriv` exists, and by end-of-file on its stdin.
"""

import asyncio
import logging
import os
import secrets
import shutil
import signal
import socket
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloud.blender.frames import BrokenStream, Message, encode_message, read_message_async
from cloud.blender.isolation.cgroups import ControlGroup
from cloud.blender.isolation.limits import MIB, Limits
from cloud.blender.isolation.memory_watch import resident_bytes
from cloud.blender.isolation.sandbox import Folders, Launch, sandboxed, unguarded
from cloud.blender.isolation.syscalls import filter_program
from cloud.blender.output import OutputDrain

logger = logging.getLogger(__name__)

_MEMORY_WATCH_S = 0.25
_MODULE = ("-m", "cloud.blender.child")


class ChildDied(Exception):
    """The child ended. `started`: it had taken up the request; else asking another child is safe."""

    def __init__(self, how: str, *, started: bool) -> None:
        super().__init__(how)
        self.started = started


@dataclass(frozen=True)
class Ground:
    """What all children of a front have in common."""

    folders: Folders
    limits: Limits = field(default_factory=Limits)
    guarded: bool = True
    """False: no walls at all."""


class BlenderProcess:
    """A running child. `ask` may be awaited by one task at a time."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        files: socket.socket,
        output: OutputDrain,
        *,
        limits: Limits,
        group: ControlGroup | None,
        own_folder: Path | None,
    ) -> None:
        self._process = process
        self._reader, self._writer = streams
        self._files = files
        self._output = output
        self._limits = limits
        self._group = group
        self._own_folder = own_folder
        self._over_memory = False
        is_limited = group is not None and "memory" in group.controllers
        self._watch = None if is_limited else asyncio.create_task(self._watch_memory())
        self.fresh = True
        """No code of a user has run in it: what it says of this machine can be trusted."""

    @classmethod
    async def start(cls, ground: Ground) -> "BlenderProcess":
        """Begin a child; it takes requests once Blender is imported. From the main thread. Raises: NoSandbox."""
        stream, child_stream = socket.socketpair()
        files, child_files = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        drained, output = os.pipe2(os.O_CLOEXEC)
        passed = [child_stream.fileno(), child_files.fileno()]
        group = await asyncio.to_thread(ControlGroup.create, ground.limits)
        own_folder = None if ground.guarded else Path(tempfile.mkdtemp(prefix="p2m-child-"))
        seccomp = _seccomp_file() if ground.guarded else None
        try:
            launch = _launch(ground, passed, group, own_folder, seccomp)
            process = await asyncio.create_subprocess_exec(
                *_ending_with_us(launch.command),
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=launch.environment,
                pass_fds=[*passed, *([seccomp] if seccomp is not None else [])],
                start_new_session=True,
            )
        except BaseException:
            for opened in (stream, files):
                opened.close()
            os.close(drained)
            await _cleaned(group, own_folder)
            raise
        finally:
            for opened in (child_stream, child_files):
                opened.close()
            for fd in (output, seccomp):
                if fd is not None:
                    os.close(fd)
        drain = await OutputDrain.on(drained)
        streams = await asyncio.open_unix_connection(sock=stream)
        return cls(process, streams, files, drain, limits=ground.limits, group=group, own_folder=own_folder)

    @property
    def alive(self) -> bool:
        """It has not ended as far as we know."""
        return self._process.returncode is None and not self._reader.at_eof()

    @property
    def pid(self) -> int:
        """The operating system's number of the outermost process of the child's tree."""
        return self._process.pid

    async def ask(self, tool: str, arguments: dict[str, Any], scene: str = "") -> Message:
        """The child's answer, without a time limit; after a cancelled wait, kill the child. Raises: ChildDied.

        `scene` is the snapshot that the open scene is. The answer's header gets `output`: what was written past
        Python meanwhile.
        """
        started = False
        mark = secrets.token_hex(8)
        self._output.begin(mark)
        request = {"tool": tool, "arguments": arguments, "scene": scene, "nonce": mark}
        try:
            self._writer.write(encode_message(Message(request)))
            await self._writer.drain()
            while True:
                message = await read_message_async(self._reader, self._files)
                if not message.header.get("started"):
                    message.header["output"] = await self._output.end()
                    return message
                started = True
        except (BrokenStream, ConnectionError) as error:
            how = await self._death()
            raise ChildDied(how, started=started) from error

    def last_words(self) -> str:
        """The end of what it wrote, for a log."""
        return self._output.text()[-1000:]

    async def kill(self) -> None:
        """End the child and all that it started, at once, and reap it."""
        self._writer.close()
        self._files.close()
        if self._watch:
            self._watch.cancel()
        if self._process.returncode is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                logger.debug("child had ended already", extra={"pid": self._process.pid})
        await self._process.wait()
        await _cleaned(self._group, self._own_folder)
        self._group = self._own_folder = None

    async def _watch_memory(self) -> None:
        """Where no control group does it: end the child when its tree holds more memory than it may."""
        while self._process.returncode is None:
            await asyncio.sleep(_MEMORY_WATCH_S)
            if await asyncio.to_thread(resident_bytes, self._process.pid) > self._limits.memory_bytes:
                self._over_memory = True
                os.killpg(self._process.pid, signal.SIGKILL)
                return

    async def _death(self) -> str:
        """How the process ended, in words; kills it if only its stream did, or broke."""
        if not self._reader.at_eof():
            await self.kill()
            return "Blender said what made no sense"
        try:
            code = await asyncio.wait_for(self._process.wait(), 2)
        except TimeoutError:
            await self.kill()
            return "Blender closed its connection"
        if self._over_memory or (self._group and self._group.out_of_memory_kills()):
            return f"Blender needed more than its {self._limits.memory_bytes // MIB} MiB of memory and was ended"
        if code > 128 and code - 128 in set(signal.Signals):  # how bubblewrap and shells pass a signal on
            code = 128 - code
        if code < 0:
            return f"Blender was ended by {signal.Signals(-code).name}"
        return f"Blender ended with exit code {code}"


def _launch(
    ground: Ground, passed: list[int], group: ControlGroup | None, own_folder: Path | None, seccomp: int | None
) -> Launch:
    arguments = [*_MODULE, "--socket", str(passed[0]), "--files", str(passed[1]), "--limits", ground.limits.as_json()]
    if own_folder is None:
        places = {"workspace": "/workspace", "scratch": "/scratch"}
        places |= {"snapshots": "/snapshots", "imports": "/imports", "cache": "/cache"}
    else:
        places = {name: str(own_folder / name) for name in ("workspace", "scratch")}
        places |= {name: str(getattr(ground.folders, name)) for name in ("snapshots", "imports", "cache")}
    for name, place in places.items():
        arguments += [f"--{name}", place]
    if own_folder is not None:
        return unguarded(arguments)
    join_files = group.join_files if group else ()
    arguments += ["--own-pid-namespace"]
    return sandboxed(arguments, ground.folders, ground.limits, join_files=join_files, seccomp_fd=seccomp)


def _seccomp_file() -> int:
    """The system call filter, as a file to pass on."""
    fd = os.memfd_create("seccomp")
    os.write(fd, filter_program())
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _ending_with_us(command: tuple[str, ...]) -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", *command) if setpriv else command


async def _cleaned(group: ControlGroup | None, own_folder: Path | None) -> None:
    if group:
        await group.remove()
    if own_folder:
        await asyncio.to_thread(shutil.rmtree, own_folder, ignore_errors=True)
