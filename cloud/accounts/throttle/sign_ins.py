"""Who may try a password now: delays that grow with failures, and that nobody can use to lock another out for good.

Three counts, in the database, so that they hold over several API processes and their restarts:

- of a name from one network: after some failures each further one costs a delay that doubles, up to 5 minutes;
- of a name from all networks from which it never signed in: then those wait; where the user has signed in before, only
  the first count holds;
- of a network for all names: it waits, except for users who have signed in from it before.

What is refused counts as nothing, so a flood does not prolong its own delays. A name that nobody has is counted like
any other. An attempt is counted before its password is checked, and taken back if it was right: many at once do not
slip by.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud.accounts.throttle import queries
from cloud.accounts.throttle.queries import Rule
from cloud.accounts.throttle.throttle import LimitReached, kept_key

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_OF_PAIR = Rule(free=10, first_s=1, longest_s=300, since_last=True)
_OF_NAME = Rule(free=50, first_s=60, longest_s=900)
_OF_NETWORK = Rule(free=100, first_s=5, longest_s=900)


@dataclass(frozen=True)
class Attempt:
    """One that was let in, with what it was counted for: the name from the network, and what it shares with others."""

    pair: str
    shared: Collection[str]


async def admit(session: "AsyncSession", name: str, network: str, *, is_known: bool) -> Attempt:
    """Count an attempt to sign in as `name`. `is_known`: the user has signed in from this network before.

    Raises: LimitReached: not now; roll back, so that nothing was counted.
    """
    folded = name.casefold()
    pair = kept_key(f"pair:{folded}\n{network}")
    # Where the user is known the failures of others do not count, nor do the user's count against others.
    shared = {} if is_known else {kept_key(f"name:{folded}"): _OF_NAME, kept_key(f"network:{network}"): _OF_NETWORK}
    # Always in this order, so that two attempts never wait for each other.
    for key, rule in ((pair, _OF_PAIR), *shared.items()):
        blocked_s = await queries.count_one(session, key, rule)
        if blocked_s > 0:
            raise LimitReached("failed sign-ins", blocked_s)
    return Attempt(pair, tuple(shared))


async def succeed(session: "AsyncSession", attempt: Attempt) -> None:
    """The password was right: the pair's failures are forgotten, and this attempt counts for nothing."""
    await queries.forget(session, attempt.pair)
    await queries.take_back(session, attempt.shared)
