"""Run inside a sandbox by `doctor`: tries what must not be possible and prints, as JSON, what came of it.

The standard library alone. Each answer is true where the wall held.
"""

import ctypes
import json
import os
import resource
import socket
from collections.abc import Callable
from pathlib import Path


def refused(attempt: Callable[[], object]) -> bool:
    """The attempt raised an OSError."""
    try:
        attempt()
    except OSError:
        return True
    return False


def status_of_ourselves() -> dict[str, str]:
    """/proc/self/status; see proc(5)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def only_loopback() -> bool:
    """The network that this process is in has one interface at most."""
    return Path("/proc/net/dev").read_text().count(":") <= 1


def fill(folder: str, limit_bytes: int) -> bool:
    """The folder takes no more than its quota."""
    path = Path(folder, "quota")
    try:
        with path.open("wb") as file:
            file.truncate(limit_bytes)
            os.posix_fallocate(file.fileno(), 0, limit_bytes)
    except OSError:
        return True
    finally:
        path.unlink(missing_ok=True)
    return False


def main_contained(front_pid: int, snapshots: str) -> None:
    """The same for the walls inside of a container: try, and print the answers.

    `front_pid`: a process of the same user outside of the walls. `snapshots`: its folder, which is only to be read.
    """
    status = status_of_ourselves()
    places = ("/", "/usr", "/etc", "/tmp", "/dev/shm", snapshots)  # noqa: S108 - whether they take anything
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    answers = {
        "network": refused(lambda: socket.socket(socket.AF_INET)) and refused(lambda: socket.socket(socket.AF_UNIX)),
        "read_only_root": all(refused(lambda at=at: os.close(os.open(f"{at}/p2m", os.O_CREAT))) for at in places),
        "processes_hidden": refused(lambda: os.listdir("/proc"))
        and refused(lambda: os.kill(front_pid, 0))
        and refused(lambda: Path(f"/proc/{front_pid}/environ").read_bytes()),
        "unprivileged": os.getuid() != 0 and int(status["CapEff"], 16) == 0 and status["NoNewPrivs"] == "1",
        "system_calls": status["Seccomp"] == "2"
        and refused(lambda: resource.prlimit(front_pid, resource.RLIMIT_NOFILE))
        and unshare(0x10000000) != 0,
        "environment": not [name for name in os.environ if name.startswith(("P2M_", "ANTHROPIC", "DATABASE"))],
    }
    print(json.dumps({"walls": answers, "uid": os.getuid()}))  # noqa: T201


def main(workspace_bytes: int) -> None:
    """Try, and print the answers. `workspace_bytes`: what the user's folder may take."""
    status = status_of_ourselves()
    workspace = os.statvfs("/workspace")
    quota = workspace.f_blocks * workspace.f_frsize
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    answers = {
        "network": refused(lambda: socket.create_connection(("127.0.0.1", 9), timeout=1)) and only_loopback(),
        "read_only_root": all(refused(lambda at=at: Path(at, "p2m").touch()) for at in ("/", "/usr", "/etc", "/app")),
        "processes_hidden": len([entry for entry in os.listdir("/proc") if entry.isdigit()]) <= 3,
        "unprivileged": os.getuid() != 0 and int(status["CapEff"], 16) == 0 and status["NoNewPrivs"] == "1",
        "system_calls": status["Seccomp"] == "2" and unshare(0x10000000) != 0,
        "environment": sorted(name for name in os.environ if name.startswith(("P2M_", "ANTHROPIC", "DATABASE"))) == [],
        "disk_quota": quota <= workspace_bytes and fill("/workspace", quota + 2**20),
    }
    limits = {name: resource.getrlimit(getattr(resource, name))[0] for name in ("RLIMIT_NPROC", "RLIMIT_FSIZE")}
    print(json.dumps({"walls": answers, "uid": os.getuid(), "quota_bytes": quota, "limits": limits}))  # noqa: T201
