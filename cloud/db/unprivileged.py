"""Which user PostgreSQL runs as, and the command prefix that makes it so.

PostgreSQL refuses to run as root and needs a user with a passwd entry. Where we are root it runs as the
owner of its folder, or as an unprivileged system user. That user may be unable to reach a clone under a
closed folder (`/root`, a `mktemp -d`); then it gets the one capability to search and read through closed
folders, and where even that is not to be had, the caller moves to a place that everyone reaches.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# `nobody` comes last: other demoted processes run as it too.
_SYSTEM_USERS = ("postgres", "daemon", "nobody")
# Without the secure bit access(2), by which initdb looks for its own binaries, leaves the capability out.
_SEARCH_CLOSED_FOLDERS = (
    *("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"),
    *("--securebits", "+no_setuid_fixup"),
)


@dataclass(frozen=True)
class ServerUser:
    """A user for PostgreSQL's processes; `extra` are further options of setpriv."""

    uid: int
    gid: int
    extra: tuple[str, ...] = ()

    @property
    def is_us(self) -> bool:
        """Whether no change of user is needed."""
        return self.uid == os.geteuid()

    def command(self, *command: str | Path, parent_death_signal: str) -> list[str]:
        """`command` as this user, ended by that signal when the thread that starts it dies (Linux)."""
        plain = [str(part) for part in command]
        if shutil.which("setpriv") is None:
            return plain
        prefix = ["setpriv", "--pdeathsig", parent_death_signal]
        if not self.is_us:
            prefix += ["--reuid", str(self.uid), "--regid", str(self.gid), "--clear-groups", *self.extra]
        return [*prefix, "--", *plain]

    def can_run(self, *command: str | Path) -> bool:
        """Whether `command` ends with success as this user."""
        done = subprocess.run(
            self.command(*command, parent_death_signal="KILL"),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=30,
        )
        return done.returncode == 0


def choose_user(existing: Path) -> ServerUser | None:
    """Who PostgreSQL runs as; the owner of the folder `existing` if it is there. None: nobody fits."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid()) if _has_name(os.geteuid()) else None
    if shutil.which("setpriv") is None:
        return None
    if existing.exists():
        owner = existing.stat()
        if owner.st_uid != 0 and _has_name(owner.st_uid):
            return ServerUser(owner.st_uid, owner.st_gid)
    for name in _SYSTEM_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(entry.pw_uid, entry.pw_gid)
    return None


def reaching(user: ServerUser, probe: Sequence[str | Path]) -> ServerUser | None:
    """`user`, with the capability to search closed folders if `probe` succeeds only so. None: not at all."""
    for candidate in (user, ServerUser(user.uid, user.gid, _SEARCH_CLOSED_FOLDERS)):
        if candidate.can_run(*probe):
            return candidate
        if user.is_us:
            return None
    return None


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
