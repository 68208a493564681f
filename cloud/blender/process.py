"""One Blender child process, seen from the front: start it, ask it one thing at a time, end it.

The child and whatever it starts are one tree that ends as a whole: with its process-number namespace in the
sandbox, with its keeper in a container, with its session without walls. It ends with the front however the front ends:
by the parent-death signal where `setpriv` exists, and by end-of-file on its stdin.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import socket
from typing import Any, ClassVar

from cloud.blender.frames import BrokenStream, Message, encode_message, read_message_async
from cloud.blender.ground import Ground, Plot, end_strays
from cloud.blender.isolation.limits import MIB
from cloud.blender.isolation.watch import memory_usage, usage
from cloud.blender.output import OutputDrain

logger = logging.getLogger(__name__)

_WATCH_S, _WATCH_AT_REST_S = 0.25, 5.0
_KEEPER_LIMIT_S = 10.0


class ChildDied(Exception):
    """The child ended. `started`: it had taken up the request; else asking another child is safe."""

    def __init__(self, how: str, *, started: bool) -> None:
        super().__init__(how)
        self.started = started


class BlenderProcess:
    """A running child. `ask` may be awaited by one task at a time."""

    _keepers: ClassVar[set[int]] = set()
    """The children of this process, by number, where each has a keeper."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        files: socket.socket,
        output: OutputDrain,
        plot: Plot,
    ) -> None:
        self._process = process
        self._reader, self._writer = streams
        self._files = files
        self._output = output
        self._plot = plot
        self._excess = ""
        self._at_work = asyncio.Event()
        is_limited = plot.group is not None and "memory" in plot.group.controllers
        self._watch = None if is_limited else asyncio.create_task(self._watch_usage())
        self.fresh = True
        """No code of a user has run in it: what it says of this machine can be trusted."""

    @classmethod
    async def start(cls, ground: Ground) -> "BlenderProcess":
        """Begin a child; it takes requests once Blender is imported. From the main thread. Raises: NoSandbox."""
        plot = await Plot.stake_out(ground)
        stream, child_stream = socket.socketpair()
        files, child_files = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        drained, output = os.pipe2(os.O_CLOEXEC)
        passed = [child_stream.fileno(), child_files.fileno()]
        try:
            launch = plot.launch(passed)
            process = await asyncio.create_subprocess_exec(
                *launch.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=launch.environment,
                pass_fds=[*passed, *plot.filters],
                start_new_session=True,
            )
        except BaseException:
            for opened in (stream, files):
                opened.close()
            os.close(drained)
            await plot.clear()
            raise
        finally:
            for opened in (child_stream, child_files):
                opened.close()
            os.close(output)
            plot.close_filters()
        if ground.container:
            cls._keepers.add(process.pid)
        drain = await OutputDrain.on(drained)
        streams = await asyncio.open_unix_connection(sock=stream)
        return cls(process, streams, files, drain, plot)

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
        self._at_work.set()
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
        finally:
            self._at_work.clear()

    def last_words(self) -> str:
        """The end of what it wrote, for a log."""
        return self._output.text()[-1000:]

    async def kill(self) -> None:
        """End the child and all that it started, at once, and reap it."""
        self._writer.close()
        self._files.close()
        if self._watch:
            self._watch.cancel()
        if self._plot.ground.container:
            await self._end_keeper()
        else:
            self._signal(signal.SIGKILL)
        await self._process.wait()
        await self._plot.clear()

    async def _end_keeper(self) -> None:
        """The keeper ends all below it; where it cannot, or was ended itself, we do."""
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), _KEEPER_LIMIT_S)
        except TimeoutError:
            logger.warning("a keeper did not end", extra={"pid": self._process.pid})
            self._signal(signal.SIGKILL)
            await self._process.wait()
        self._keepers.discard(self._process.pid)
        if (self._process.returncode or 0) < 0:
            end_strays(self._keepers)

    def _signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            try:
                # A keeper's own programs, which clean up, are of its session.
                (os.kill if self._plot.ground.container else os.killpg)(self._process.pid, number)
            except ProcessLookupError:
                logger.debug("child had ended already", extra={"pid": self._process.pid})

    async def _watch_usage(self) -> None:
        """Where no control group does it: end the child when it and all below it hold more than they may."""
        container, limits = self._plot.ground.container, self._plot.ground.limits
        while self._process.returncode is None:
            if self._at_work.is_set() or not container:
                await asyncio.sleep(_WATCH_S)
            else:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._at_work.wait(), _WATCH_AT_REST_S)
            pid = self._process.pid
            # A spare has written nothing there: what the child at work did must not end it, too.
            folders = self._plot.measured_folders(at_work=not self.fresh)
            used = await (asyncio.to_thread(usage, pid, folders) if folders else asyncio.to_thread(memory_usage, pid))
            if excess := used.excess(limits):
                self._excess = excess
                self._signal(signal.SIGTERM if container else signal.SIGKILL)
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
        if self._excess:
            return f"Blender {self._excess} and was ended"
        if self._plot.group and self._plot.group.out_of_memory_kills():
            limit = self._plot.ground.limits.memory_bytes // MIB
            return f"Blender needed more than its {limit} MiB of memory and was ended"
        if code > 128 and code - 128 in set(signal.Signals):  # how bubblewrap and shells pass a signal on
            code = 128 - code
        if code < 0:
            return f"Blender was ended by {signal.Signals(-code).name}"
        return f"Blender ended with exit code {code}"
