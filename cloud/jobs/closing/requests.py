"""The moment in which an account is given up: nobody can get in any more, and nothing new of it begins."""

import datetime as dt
from typing import TYPE_CHECKING
from uuid import UUID

from cloud.accounts.audit.queries import add_entry
from cloud.accounts.origin import Origin, network_of
from cloud.accounts.throttle.queries import forget
from cloud.accounts.throttle.throttle import kept_key
from cloud.errors import Conflict
from cloud.jobs.closing import queries

if TYPE_CHECKING:
    from cloud.accounts.queries import Identity
    from cloud.db.account_models import AccountDeletion
    from cloud.db.engine import Transaction

# What is counted of a user by their id; and of a name, alone and with each network that it was used from.
_COUNTED_BY_ID = ("old-password", "own-password", "device-code")


class LastAdmin(Conflict):
    """Nobody could look after the others."""

    code = "last_admin"

    def __init__(self) -> None:
        super().__init__("You are the only admin of this server; make somebody else an admin before you go.")


async def request_deletion(session: "Transaction", identity: "Identity", origin: Origin) -> "AccountDeletion":
    """From the commit on the account is closed, and its deletion goes on by itself (`cloud.jobs.closing.work`).

    At once go the name (somebody else may take it), the password, all sessions, tokens, keys, shares, links and
    devices, and what is personal in the audit log. Raises: LastAdmin.
    """
    user = identity.user
    if await queries.is_last_admin(session, user.id):
        raise LastAdmin
    for key in await _counted(session, user.id, user.username):
        await forget(session, key)
    gone = {"one_time_links": await queries.drop_invite_of(session, user.id)}
    blanked = await queries.blank_audit(session, user.id, await queries.ids_of_belongings(session, user.id))
    deletion = await queries.add_deletion(session, user.id, dt.datetime.now(dt.UTC))
    await queries.make_nameless(session, user.id)
    rows = await queries.delete_what_opens(session, user.id)
    rows.update(gone)
    deletion.report = {"rows": dict(+rows), "audit_entries_blanked": blanked}
    # It has their address until the rows go, some seconds from now, when it is blanked like the others.
    await add_entry(session, "user.deletion_requested", actor=user.id, origin=origin, subject=f"user:{user.id}")
    return deletion


async def _counted(session: "Transaction", user_id: UUID, username: str) -> list[str]:
    """The keys of every count of tries that stands for the user or their name."""
    folded = username.casefold()
    networks = {network_of(address) for address in await queries.addresses_of(session, user_id)}
    named = [f"name:{folded}", *(f"pair:{folded}\n{network}" for network in networks)]
    return [kept_key(key) for key in (*named, *(f"{word}:{user_id}" for word in _COUNTED_BY_ID))]
