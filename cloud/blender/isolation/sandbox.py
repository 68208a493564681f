"""The command line that starts a Blender child behind walls: bubblewrap (bwrap(1)), an unprivileged user, seccomp.

What the child sees: the system's libraries, Python and its packages, the pod's own code, and the front's snapshots,
uploads and caches, all read-only; `/workspace`, `/scratch` and `/tmp`, each its own and gone with it. No network,
no other process, no variable of ours, no capability.
"""

import logging
import os
import secrets
import shutil
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cloud.blender.isolation.limits import MIB, Limits
from cloud.errors import Prompt2MeshError

logger = logging.getLogger(__name__)

UNSAFE_WORD = "none-and-model-code-gets-my-rights"
"""What one must write in full to run without walls."""

_FIRST_UID, _UIDS = 1_900_000_000, 100_000_000  # above what systems give to users, services and containers
_UID_IN_USER_NAMESPACE = 1000
SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/lib32", "/usr/bin")
SYSTEM_OPTIONAL = (
    "/usr/share/glvnd",
    "/usr/share/drirc.d",
    "/usr/share/fonts",
    "/usr/share/zoneinfo",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/fonts",
    "/etc/glvnd",
)
PACKAGE_ROOT = Path(__file__).resolve().parents[3]
CODE = ("cloud/__init__.py", "cloud/errors.py", "cloud/logs.py", "cloud/redaction.py", "cloud/blender")


class NoSandbox(Prompt2MeshError):
    """This machine cannot isolate Blender; the operator must mend it, or opt out in so many words."""

    code, http_status = "no_sandbox", 503


@dataclass(frozen=True)
class Folders:
    """The front's folders that the child reads."""

    snapshots: Path
    imports: Path
    cache: Path


@dataclass(frozen=True)
class Launch:
    """How to start one child. `child_arguments` name the folders as the child sees them."""

    command: tuple[str, ...]
    environment: dict[str, str]
    uid: int | None
    """The user that the child runs as, where it is not ours."""


def find_bubblewrap() -> str:
    """Where bwrap is. Raises: NoSandbox."""
    found = shutil.which("bwrap")
    if not found:
        raise NoSandbox(
            "Blender cannot be isolated: bubblewrap is missing. Install it with "
            "`sudo apt-get install bubblewrap` (or your system's package tool); `prompt2mesh doctor` tells more."
        )
    return found


def sandboxed(
    child: Sequence[str], folders: Folders, limits: Limits, *, join_files: Sequence[str], seccomp_fd: int | None
) -> Launch:
    """The launch of `python CHILD…` behind walls. Raises: NoSandbox."""
    as_root = os.geteuid() == 0
    uid = _FIRST_UID + secrets.randbelow(_UIDS) if as_root else None
    python, python_mounts = _interpreter()
    command = [*_joining(join_files), find_bubblewrap(), "--die-with-parent", "--new-session"]
    command += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    command += _root_folder(folders, limits, python_mounts)
    command += ["--clearenv"]
    environment = child_environment(Path("/tmp"), python_path="/app/code:/app/site-packages")  # noqa: S108 - its own
    for name, value in {**environment, "LD_LIBRARY_PATH": "/app/python/lib"}.items():
        command += ["--setenv", name, value]
    if seccomp_fd is not None:
        command += ["--seccomp", str(seccomp_fd)]
    command += ["--cap-drop", "ALL"]
    inner = [python, "-P", *child]
    if uid is not None:
        # The way out of root's rights; execve() by another user then leaves no capability.
        command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        inner = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", "--inh-caps=-all", *inner]
    else:
        command += ["--unshare-user", "--uid", str(_UID_IN_USER_NAMESPACE), "--gid", str(_UID_IN_USER_NAMESPACE)]
    return Launch((*command, "--remount-ro", "/", "--chdir", "/workspace", "--", *inner), _outer_environment(), uid)


def unguarded(child: Sequence[str]) -> Launch:
    """The launch without any wall: with the rights, the files and the network of whoever started the front."""
    environment = _outer_environment() | {"PYTHONPATH": str(PACKAGE_ROOT), "LANG": "C.UTF-8"}
    for name in ("HOME", "MESA_SHADER_CACHE_DIR", "BLENDER_USER_RESOURCES"):
        if name in os.environ:
            environment[name] = os.environ[name]
    return Launch((sys.executable, "-P", *child), environment, None)


def _joining(join_files: Sequence[str]) -> list[str]:
    """A shell that joins the control groups before it becomes the command: nothing starts outside of them."""
    if not join_files:
        return []
    script = 'until [ "$1" = -- ]; do echo 0 > "$1" || exit 97; shift; done; shift; exec "$@"'
    return ["/bin/sh", "-c", script, "join", *join_files, "--"]


def _interpreter() -> tuple[str, list[str]]:
    """Python's path in the child, and the mounts that it needs."""
    binary, base = Path(sys.executable).resolve(), Path(sys.base_prefix).resolve()
    if base == Path("/usr"):
        return str(binary), []
    mounts: list[str] = []
    for name in ("bin", "lib"):
        mounts += ["--ro-bind", str(base / name), f"/app/python/{name}"]
    return f"/app/python/bin/{binary.name}", mounts


def _root_folder(folders: Folders, limits: Limits, python_mounts: Sequence[str]) -> list[str]:
    arguments: list[str] = []
    for folder in ("/usr", "/usr/share", "/etc", "/app", "/app/python", "/app/code", "/app/code/cloud"):
        arguments += ["--perms", "0755", "--dir", folder]
    for path in SYSTEM:
        arguments += ["--ro-bind-try", path, path]
    for path in SYSTEM_OPTIONAL:
        arguments += ["--ro-bind-try", path, path]
    for name in ("lib", "lib64", "lib32", "bin"):
        arguments += ["--symlink", f"usr/{name}", f"/{name}"]
    arguments += ["--symlink", "/proc/mounts", "/etc/mtab"]
    arguments += python_mounts
    arguments += ["--ro-bind", sysconfig.get_path("purelib"), "/app/site-packages"]
    for name in CODE:
        arguments += ["--ro-bind", str(PACKAGE_ROOT / name), f"/app/code/{name}"]
    arguments += ["--proc", "/proc", "--dev", "/dev", *_tmpfs("/dev/shm", 256 * MIB), "--remount-ro", "/dev"]  # noqa: S108 - of the sandbox, empty and its own
    for source, target in (
        (folders.snapshots, "/snapshots"),
        (folders.imports, "/imports"),
        (folders.cache, "/cache"),
    ):
        arguments += ["--ro-bind", str(source), target]
    arguments += _tmpfs("/tmp", limits.workspace_bytes)  # noqa: S108 - of the sandbox, empty and its own
    arguments += _tmpfs("/workspace", limits.workspace_bytes)
    return arguments + _tmpfs("/scratch", limits.file_bytes)


def _tmpfs(path: str, size_bytes: int) -> list[str]:
    return ["--perms", "1777", "--size", str(size_bytes), "--tmpfs", path]


def child_environment(tmp: Path, *, python_path: str) -> dict[str, str]:
    """Every variable of the child. `tmp`: its own folder for temporary files."""
    return {
        "PATH": "/usr/bin",
        "HOME": str(tmp / "home"),
        "USER": "artist",
        "LOGNAME": "artist",
        "TMPDIR": str(tmp),
        "LANG": "C.UTF-8",
        "PYTHONPATH": python_path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",  # a step that is repeated takes a set's members in the same order
        "MESA_SHADER_CACHE_DIR": str(tmp / "shader-cache"),
        "BLENDER_USER_RESOURCES": str(tmp / "blender"),
        "OMP_WAIT_POLICY": "PASSIVE",
    }


def _outer_environment() -> dict[str, str]:
    """What bubblewrap itself is told; none of it passes on."""
    return {"PATH": os.environ.get("PATH", os.defpath)}
