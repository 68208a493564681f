"""How much a user may keep in the store, and what to do when it is full."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from cloud.errors import Prompt2MeshError
from cloud.jobs.quotas.limits import limits_of_all, limits_of_user
from cloud.jobs.quotas.queries import row_of_user
from cloud.jobs.retention import queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloud.db.engine import Transaction
    from cloud.settings import Settings

_LARGEST = 10


class StorageFull(Prompt2MeshError):
    """The user keeps as much as they may. Forbidden rather than too large: what was sent is all right."""

    code, http_status = "storage_full", 403

    def __init__(self, used_bytes: int, limit_bytes: int, *, with_file: bool = False) -> None:
        what = "The file does not fit" if with_file else "Your storage is full"
        verb = "would be" if with_file else "are"
        super().__init__(
            f"{what}: {size_text(used_bytes)} of {size_text(limit_bytes)} {verb} used (deleted projects "
            "count until they are purged); delete projects with DELETE /v1/projects/{id}?purge=true, which frees "
            "their space at once, and send this again."
        )


class ServerStorageFull(Prompt2MeshError):
    """All users together keep as much as the deployment may."""

    code, http_status = "server_storage_full", 403

    def __init__(self) -> None:
        super().__init__(
            "This server's storage is full, so nothing new can be begun; delete projects that you do not need (with "
            "?purge=true their space is free at once), or ask its administrator for room."
        )


@dataclass(frozen=True)
class Space:
    """What a user has in the store and may have; `limit_bytes` 0 is no limit."""

    used_bytes: int
    limit_bytes: int
    largest: "Sequence[queries.ProjectSpace]"


async def require_space(session: "Transaction", owner: UUID, settings: "Settings", *, with_file: bool = False) -> None:
    """Nothing new is begun for a user whose storage is full, or where the deployment's is; what runs may end.

    `with_file`: the caller has written a new file's row in this transaction, so the file must fit; of two at once one
    waits for the other.
    Raises: StorageFull. ServerStorageFull.
    """
    limit_bytes = limits_of_user(await row_of_user(session, owner, lock=with_file), settings).storage_bytes
    used = await _too_much(session, owner, limit_bytes, with_file=with_file)
    if limit_bytes is not None and used is not None:
        raise StorageFull(used, limit_bytes, with_file=with_file)
    if await _too_much(session, None, limits_of_all(settings).storage_bytes, with_file=with_file) is not None:
        raise ServerStorageFull


async def _too_much(
    session: "Transaction", owner: UUID | None, limit_bytes: int | None, *, with_file: bool
) -> int | None:
    """What is used, if it is too much."""
    if limit_bytes is None:
        return None
    most = limit_bytes if with_file else limit_bytes - 1
    # The exact sum is four times the work.
    if await queries.used_bytes_at_most(session, owner) <= most:
        return None
    used = await queries.used_bytes(session, owner)
    return used if used > most else None


async def space_of(session: "Transaction", owner: UUID, settings: "Settings") -> Space:
    """What the user keeps, and which of their projects take the most."""
    return Space(
        used_bytes=await queries.used_bytes(session, owner),
        limit_bytes=limits_of_user(await row_of_user(session, owner), settings).storage_bytes or 0,
        largest=await queries.largest_projects(session, owner, _LARGEST),
    )


def size_text(size_bytes: int) -> str:
    """The size for people: "12.3 MiB"."""
    size = float(size_bytes)
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
