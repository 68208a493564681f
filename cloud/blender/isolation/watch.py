"""What a child and all below it use, measured by the front: where the kernel holds no limit for them together."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from cloud.blender.isolation.limits import MIB, Limits

FILES_LIMIT = 50_000
"""Files and folders of one child. Each costs memory of the kernel's, and time to remove."""


@dataclass(frozen=True)
class Usage:
    """At one moment. Pages that processes share count once each."""

    memory_bytes: int
    threads: int
    disk_bytes: int
    files: int

    def excess(self, limits: Limits) -> str:
        """Which limit is exceeded, in words; "": none."""
        disk_bytes = 2 * limits.workspace_bytes + limits.file_bytes  # workspace, temporary files, scratch
        if self.memory_bytes > limits.memory_bytes:
            return f"needed more than its {limits.memory_bytes // MIB} MiB of memory"
        if self.threads > limits.processes:
            return f"had more than its {limits.processes} processes and threads"
        if self.disk_bytes > disk_bytes:
            return f"wrote more than its {disk_bytes // MIB} MiB of files"
        return f"made more than its {FILES_LIMIT} files, or hid some," if self.files > FILES_LIMIT else ""


def memory_usage(pid: int) -> Usage:
    """The memory of the process and all below it, and nothing else; nothing if it is gone."""
    return Usage(sum(_resident_bytes(each) for each in _tree(pid)), 0, 0, 0)


def usage(pid: int, folders: Sequence[Path]) -> Usage:
    """All that the process, those below it and their folders hold, files without a name included."""
    memory = threads = 0
    seen: set[tuple[int, int]] = set()
    on_disk = {folder.stat().st_dev for folder in folders if not in_memory(folder)}
    disk = files = 0
    for process in _tree(pid):
        memory += _resident_bytes(process)
        try:
            threads += process.num_threads()
        except psutil.NoSuchProcess:
            continue
        for status in _nameless(process.pid):
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                size = status.st_blocks * 512
                if status.st_dev in on_disk:
                    disk += size
                else:
                    memory += size
    for folder in folders:
        is_on_disk = folder.stat().st_dev in on_disk
        for path_bytes in _sizes(folder):
            disk += path_bytes
            memory += 0 if is_on_disk else path_bytes
            files += 1
    return Usage(memory, threads, disk, files)


def in_memory(folder: Path) -> bool:
    """The folder's file system is a tmpfs: its files are memory."""
    device = folder.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        words = line.split()
        if words[2] == wanted:
            return words[words.index("-") + 1] == "tmpfs"
    return False


def _tree(pid: int) -> list[psutil.Process]:
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:  # it ended meanwhile
        return 0


def _nameless(pid: int) -> Iterator[os.stat_result]:
    """The process's open files that no folder has (any longer): memfds, and what was unlinked."""
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:  # it ended, or is not to be looked into
        return
    for name in names:
        try:
            status = os.stat(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) and not status.st_nlink:
            yield status


def _sizes(folder: Path) -> Iterator[int]:
    """What each file and folder below takes on the disk; stops a little past the limit."""
    unseen, count = [str(folder)], 0
    while unseen and count <= FILES_LIMIT:
        try:
            entries = list(os.scandir(unseen.pop()))
        except PermissionError:  # the child closed it, so nobody can say what it holds
            count = FILES_LIMIT + 1
            yield from (0 for _ in range(count))
            return
        except OSError:  # gone
            continue
        for entry in entries:
            count += 1
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISDIR(status.st_mode):
                unseen.append(entry.path)
            yield status.st_blocks * 512
