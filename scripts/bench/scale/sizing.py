"""Finds the smallest warm pool that keeps a promise about waits, and holds a fixed pool against one that follows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scripts.bench.scale.trial import Bench, Pool, Ran


@dataclass(frozen=True)
class Target:
    """95 (99) in 100 users who need another pod wait for it so long at most."""

    p95_s: float
    p99_s: float

    def is_met(self, ran: Ran) -> bool:
        """Whether the course kept it, and no job failed for want of a pod."""
        outcome = ran.outcome
        return (
            outcome.wait_s_p95 <= self.p95_s and outcome.wait_s_p99 <= self.p99_s and not outcome.figures["jobs_failed"]
        )


def smallest(
    make: Callable[[int], Pool], bench: Bench, target: Target, most: int, tell: Callable[[str], None], guess: int = 1
) -> Ran:
    """The course of the smallest number whose pool meets the target; that of `most` if none does.

    More spares are taken to be never worse, which holds but for chance: so the number is right to one or two.
    """

    def is_enough(number: int) -> bool:
        ran = bench.run(make(number))
        met = target.is_met(ran)
        waits = ran.outcome.figures["new_pod_wait_s"]
        tell(f"{ran.pool}: p95 {waits['p95']} s, p99 {waits['p99']} s, {'met' if met else 'not met'}")
        return met

    below, enough = 0, guess
    while enough < most and not is_enough(enough):
        below, enough = enough, min(2 * enough, most)
    while below == 0 and enough > 1:
        below, enough = (0, enough // 2) if is_enough(enough // 2) else (enough // 2, enough)
    while enough - below > 1:
        middle = (below + enough) // 2
        below, enough = (below, middle) if is_enough(middle) else (middle, enough)
    return bench.run(make(enough))


def compared(
    bench: Bench, target: Target, most: int, tell: Callable[[str], None], guess: int = 1
) -> tuple[dict[str, Any], Ran, Ran]:
    """Both pools at their smallest; the search begins at `guess`.

    Returns: the figures, the course of the following pool, that of the fixed one.
    """
    follows = smallest(lambda least: Pool(least, max(most, least)), bench, target, most, tell, guess)
    mean = round(follows.outcome.figures["warm_mean"])
    fixed = smallest(lambda size: Pool(size, size), bench, target, most, tell, guess=max(1, mean, guess))
    figures = {
        "follows_demand": _told(follows, target),
        "fixed": _told(fixed, target),
        "warm_hours_ratio": round(_warm_hours(follows) / max(_warm_hours(fixed), 1e-9), 3),
    }
    return figures, follows, fixed


def _warm_hours(ran: Ran) -> float:
    return ran.outcome.figures["pod_hours"]["warm"]


def _told(ran: Ran, target: Target) -> dict[str, Any]:
    return {
        "P2M_WARM_PODS_MIN": ran.pool.least,
        "P2M_WARM_PODS_MAX": ran.pool.most,
        "target_met": target.is_met(ran),
        **ran.outcome.figures,
    }
