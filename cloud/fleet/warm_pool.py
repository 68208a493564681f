"""How many spares the cluster keeps: a pure function of how fast they are claimed and how long a new one takes.

A claimed spare is replaced at once, and its replacement takes `start_s`. With claims that come one by one, by chance,
the number of replacements on their way is Poisson-distributed with the mean `rate * start_s`, and a user waits if that
many or more are under way as there are spares (the base-stock policy of inventories). So the pool is the smallest
number that keeps the chance of it below `1 - ready_share`. Those who wait already come on top, beyond every limit of
spares: their pods are idle at no time, and a class of 300 that had to share 20 starting pods would wait ten minutes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WINDOWS_S = (120.0, 600.0, 1800.0)
"""Claims are counted over each of these, and the busiest counts: bursts are met fast and forgotten slowly."""
# Beyond this mean the Poisson quantile is that of the normal distribution, to within one spare.
_NORMAL_FROM = 500.0


@dataclass(frozen=True)
class PoolRules:
    """`least` and `most` spares; `ready_share`: the part of claims that shall find one ready.

    `start_s` is believed until pods were seen to start. A pool shrinks only once it was too large for `shrink_after_s`.
    """

    least: int = 1
    most: int = 20
    ready_share: float = 0.98
    start_s: float = 60.0
    shrink_after_s: float = 300.0


def spares_wanted(
    claims: Sequence[float], *, now: float, start_s: float, waiting: int, room: int | None, rules: PoolRules
) -> int:
    """How many spares there should be, ready and starting together, besides one for each user who waits.

    `claims` are the times of the claims of the last half hour, `waiting` the users who wait for a pod now, `room` how
    many more users' pods may be claimed (None: any number).
    """
    rate = max(sum(1 for at in claims if now - window <= at <= now + 1) / window for window in WINDOWS_S)
    wanted = poisson_quantile(rate * start_s, rules.ready_share)
    if room is not None:
        wanted = min(wanted, max(room - waiting, 1))
    return max(rules.least, min(wanted, rules.most))


def poisson_quantile(mean: float, share: float) -> int:
    """The smallest number s with which P(X < s) >= share, for a Poisson-distributed X: so many suffice so often."""
    if mean <= 0:
        return 0
    if mean > _NORMAL_FROM:
        return math.ceil(mean + _normal_quantile(share) * math.sqrt(mean)) + 1
    term = below = math.exp(-mean)
    spares = 1
    while below < share:
        term *= mean / spares
        below += term
        spares += 1
    return spares


def _normal_quantile(share: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(share)


class PoolSize:
    """What one runner would set the pool to, over time: growth at once, shrinking only after a calm while.

    One that has not watched for that long yet shrinks nothing.
    """

    def __init__(self, rules: PoolRules) -> None:
        self._rules = rules
        self._wishes: list[tuple[float, int]] = []
        self._began: float | None = None

    def decide(self, current: int, wanted: int, waiting: int, *, at: float) -> int:
        """The size to set, given the present one, what `spares_wanted` says, and who waits. `at`: any steady clock.

        Only the spares shrink slowly: the cluster replaces the pod of one who waited as soon as it is claimed, so what
        was made for them would otherwise be made twice.
        """
        self._began = at if self._began is None else self._began
        self._wishes = [(when, wish) for when, wish in self._wishes if at - when <= self._rules.shrink_after_s]
        self._wishes.append((at, wanted))
        size = max(wish for _, wish in self._wishes) + waiting
        if size < current and at - self._began < self._rules.shrink_after_s:
            return current
        return size


def usual_start_s(starts: Sequence[float], rules: PoolRules) -> float:
    """How long a pod takes from its making until it is ready: nine in ten were faster."""
    if not starts:
        return rules.start_s
    ordered = sorted(starts)
    return ordered[min(len(ordered) - 1, math.floor(0.9 * len(ordered)))]
