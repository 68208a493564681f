"""The life of a device sign-in: begun by the device, answered by a person, redeemed once by the device.

All of it is in the database, so that it holds over several API processes. The caller's transaction throughout.
"""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from cloud.accounts.audit.queries import add_entry
from cloud.accounts.devices import codes, queries
from cloud.accounts.origin import Origin
from cloud.accounts.tokens import hash_of, kind_of, new_token
from cloud.db.account_models import DeviceGrant
from cloud.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from cloud.db.models import User

Client = Literal["cli", "add-on"]
CLIENTS: tuple[Client, ...] = get_args(Client)

LASTS = dt.timedelta(minutes=15)
INTERVAL_S = 5
_SLOWER_BY_S = 5
# What a device waits and what we see of it differ by the network's whims.
_TOLERANCE_S = 0.5
_DEVICE_LIMIT_CHARS = 64
_CODE_ATTEMPTS = 10

Refusal = Literal["authorization_pending", "slow_down", "access_denied", "expired_token", "invalid_grant"]
"""Why a device gets no token (yet), in the words of RFC 8628, section 3.5, and RFC 6749, section 5.2."""


@dataclass(frozen=True)
class Redeemed:
    """Whose session the device is to have."""

    user: "User"
    grant: DeviceGrant


class NoSuchDevice(NotFound):
    """No device waits with this code. The same words for a wrong code and for one that has ended."""

    def __init__(self) -> None:
        Exception.__init__(
            self,
            "No device waits with this code: it is wrong, it has expired, or it has been used; look at the device, "
            "or begin anew there.",
        )


async def begin(
    session: "AsyncSession", client: Client, origin: Origin, device_name: str = ""
) -> tuple[str, DeviceGrant]:
    """A device wants to sign in. Returns: its device code, which only it is told, and the grant with the user code.

    Raises: Unavailable: no user code that is free was found.
    """
    device_code = new_token("dev")
    device = _readable(device_name) or origin.device
    for _ in range(_CODE_ATTEMPTS):
        facts = {"client": client, "device": device, "address": origin.address, "interval_s": INTERVAL_S}
        grant = await queries.add_grant(
            session,
            device_code_hash=hash_of(device_code),
            user_code=codes.new_user_code(),
            lasts=LASTS,
            **facts,
        )
        if grant is not None:
            return device_code, grant
    raise Unavailable("Too many devices are signing in at this moment; try again in a minute.")


async def look_up(session: "AsyncSession", user_code: str) -> DeviceGrant:
    """What the person is about to let in. Raises: NoSuchDevice."""
    grant = await queries.find_pending(session, codes.typed(user_code))
    if grant is None:
        raise NoSuchDevice
    return grant


async def settle(
    session: "AsyncSession",
    user_code: str,
    user: "User",
    answer: Literal["approved", "denied"],
    origin: Origin,
) -> DeviceGrant:
    """The person lets the device in, as themselves, or turns it away. Raises: NoSuchDevice: also a second time."""
    grant = await queries.settle(session, codes.typed(user_code), user.id, answer)
    if grant is None:
        raise NoSuchDevice
    details = {"client": grant.client, "device": grant.device, "address": grant.address}
    subject = f"device:{grant.id}"
    await add_entry(session, f"device.{answer}", actor=user.id, origin=origin, subject=subject, details=details)
    return grant


async def redeem(session: "AsyncSession", device_code: str, client: str) -> Redeemed | Refusal:
    """What a poll of the device brings. Commit whatever comes of it: how often it has asked is kept too."""
    if kind_of(device_code) != "dev":
        return "invalid_grant"
    found = await queries.lock_grant(session, hash_of(device_code))
    if found is None:
        return "invalid_grant"
    grant, has_expired, waited_s = found
    if grant.client != client or grant.state == "redeemed":
        return "invalid_grant"
    if has_expired:
        return "expired_token"
    if grant.state == "denied":
        return "access_denied"
    if grant.state == "approved":
        user = await queries.redeem(session, grant)
        return Redeemed(user, grant) if user is not None else "access_denied"
    is_too_soon = waited_s is not None and waited_s < grant.interval_s - _TOLERANCE_S
    interval_s = grant.interval_s + _SLOWER_BY_S if is_too_soon else grant.interval_s
    await queries.note_poll(session, grant, interval_s=interval_s)
    return "slow_down" if is_too_soon else "authorization_pending"


def _readable(name: str) -> str:
    """What the device calls itself, on one line and of a length that can be shown; no more than a claim."""
    line = " ".join(name.split())
    return "".join(each for each in line if each.isprintable())[:_DEVICE_LIMIT_CHARS].strip()
