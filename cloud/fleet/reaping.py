"""Which pods have to end, and why: a pure function of what is known of them, and whose runners live."""

import asyncio
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from cloud.fleet.cluster import (
    CLAIM_LABEL,
    CLAIMED,
    EXPIRES_AT,
    HOLDER,
    LAST_USED_AT,
    OWNER_LABEL,
    ClusterPod,
    RunnerLease,
)
from cloud.fleet.times import as_seconds, claimed_at

ENDED_PHASES = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True)
class Doom:
    """A pod that has to end: `why` is one of ended, expired, orphan, idle, duplicate."""

    pod: ClusterPod
    why: str


def doomed(
    pods: Iterable[ClusterPod],
    claimed_in_order: Iterable[ClusterPod],
    *,
    now: float,
    living: Collection[str],
    idle_s: float,
) -> Iterator[Doom]:
    """The pods that have to end.

    - *ended*: what ran in it is over (it failed, or was evicted), and nobody else removes the object.
    - *expired*: its time is over, whoever uses it. A job that uses it goes on in another.
    - *orphan*: a runner holds it that does not live.
    - *idle*: nobody has held it for `idle_s`.
    - *duplicate*: its user has an older one, and nobody holds this one.
    """
    users: set[str] = set()
    for pod in pods:
        if pod.phase in ENDED_PHASES:
            yield Doom(pod, "ended")
    for pod in claimed_in_order:
        if pod.phase in ENDED_PHASES or pod.is_going or pod.labels.get(CLAIM_LABEL) != CLAIMED:
            continue
        why = _why(pod, now=now, living=living, idle_s=idle_s)
        owner = pod.labels.get(OWNER_LABEL, pod.name)
        if not why and owner in users and not pod.annotations.get(HOLDER):
            why = "duplicate"
        users.add(owner)
        if why:
            yield Doom(pod, why)


def _why(pod: ClusterPod, *, now: float, living: Collection[str], idle_s: float) -> str:
    expires_at = as_seconds(pod.annotations.get(EXPIRES_AT))
    if expires_at is not None and now >= expires_at:
        return "expired"
    holder = pod.annotations.get(HOLDER)
    if holder:
        return "" if holder in living else "orphan"
    used_at = as_seconds(pod.annotations.get(LAST_USED_AT)) or claimed_at(pod) or pod.created_at
    return "idle" if now - used_at >= idle_s else ""


class LivingRunners:
    """Which runners live: those whose Lease was renewed within `limit_s`, by our own clock.

    Leases carry the time of whoever renewed them; clocks differ, so only that a stamp has changed counts. A runner of
    which we know nothing yet counts as living for `limit_s`; and all of them do when we have not heard of any for long,
    because then it was us who were cut off.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._seen: dict[str, tuple[str, float]] = {}
        self._told_at = float("-inf")
        self.proven: frozenset[str] = frozenset()
        """Those of the living that we saw renew their Lease: whoever else counts as living may have died long ago."""

    def told(self, leases: Iterable[RunnerLease]) -> frozenset[str]:
        """The runners that live, now that the Leases are as given."""
        now = asyncio.get_running_loop().time()
        was_cut_off = now - self._told_at > self._limit_s / 2
        before, self._seen, self._told_at = self._seen, {}, now
        renewed = set[str]()
        for lease in leases:
            stamp, since = before.get(lease.holder, ("", now))
            if stamp and stamp != lease.stamp:
                renewed.add(lease.holder)
            self._seen[lease.holder] = (lease.stamp, since if stamp == lease.stamp and not was_cut_off else now)
        living = frozenset(holder for holder, (_, since) in self._seen.items() if now - since < self._limit_s)
        self.proven = living & (self.proven | renewed)
        return living

    def long_dead(self, dead_s: float) -> list[str]:
        """Those whose Lease was not renewed for so long."""
        return [holder for holder, (_, since) in self._seen.items() if self._told_at - since >= dead_s]
