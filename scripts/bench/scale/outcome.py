"""What a simulation came to, in numbers: waits, pod hours and their price, and what the API server had to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.bench.scale.simulation import SAMPLE_S, Course, Sample


@dataclass(frozen=True)
class Prices:
    """US dollars, as `k8s/eks/prices.toml` assumes them."""

    node_hour: float = 0.357 * 0.40
    """A spot node of 8 cores and 16 GiB: c7i.2xlarge on demand, and what spot costs of that."""


@dataclass(frozen=True)
class Outcome:
    """One run with one pool, by its figures: `waits` of those `acquire`s that got another pod than before."""

    figures: dict[str, Any]

    @property
    def wait_s_p95(self) -> float:
        return self.figures["new_pod_wait_s"]["p95"]

    @property
    def wait_s_p99(self) -> float:
        return self.figures["new_pod_wait_s"]["p99"]


def outcome_of(
    course: Course,
    counts: Mapping[str, int],
    *,
    node_hours: float,
    from_s: float,
    until_s: float,
    claims: tuple[int, int],
    prices: Prices,
) -> Outcome:
    """The figures of the window. Counts and node hours are of the whole run."""
    hours = (until_s - from_s) / 3600.0
    waits = [wait for wait in course.waits if from_s <= wait.at_s < until_s]
    new = [wait.wait_s for wait in waits if wait.is_new]
    samples = [sample for sample in course.samples if from_s <= sample.at_s < until_s]
    pod_hours = _pod_hours(samples)
    queued = [wait for at, wait in course.queue_waits if from_s <= at < until_s]
    hours_of_run = until_s / 3600.0
    figures: dict[str, Any] = {
        "jobs": len(queued),
        "jobs_failed": course.failed,
        "pods_lost_in_jobs": course.pods_lost,
        "acquires": len(waits),
        "new_pods": len(new),
        "new_pod_wait_s": spread_of(new),
        "any_wait_s": spread_of([wait.wait_s for wait in waits]),
        "queue_wait_s": spread_of(queued),
        "waited_over_2_s_share": _share(new, 2.0),
        "waited_over_30_s_share": _share(new, 30.0),
        "pod_hours": {name: round(value, 1) for name, value in pod_hours.items()},
        "pod_hours_all": round(sum(pod_hours.values()), 1),
        "most_pods": max((s.busy + s.idle + s.warm_ready + s.warm_coming for s in samples), default=0),
        "warm_mean": round(pod_hours["warm"] / hours, 2),
        "warm_most": max((s.warm_ready + s.warm_coming for s in samples), default=0),
        "node_hours": round(node_hours, 1),
        "node_usd_an_hour": round(node_hours * prices.node_hour / hours_of_run, 2),
        "runners": course.runners,
        "slots": course.slots,
        "cluster": {name: counts[name] for name in sorted(counts)},
        "writes_per_job": round(_writes(counts) / max(course.jobs, 1), 2),
        "conflicts_per_claim": round(counts.get("conflict", 0) / max(len(new), 1), 3),
        "watch_events_per_s": round(counts.get("watch_events", 0) / until_s, 1),
        "queue_claims_per_job": round(claims[0] / max(course.jobs, 1), 2),
        "queue_empty_claims_share": round(claims[1] / max(claims[0], 1), 3),
    }
    return Outcome(figures)


def _pod_hours(samples: Sequence[Sample]) -> dict[str, float]:
    share = SAMPLE_S / 3600.0
    return {
        "warm": sum(s.warm_ready + s.warm_coming for s in samples) * share,
        "busy": sum(s.busy for s in samples) * share,
        "idle": sum(s.idle for s in samples) * share,
    }


def spread_of(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile, and the greatest: all 0 of nothing."""
    ordered = sorted(values)
    if not ordered:
        return {"p50": 0.0, "p95": 0.0, "p99": 0.0, "max": 0.0}
    at = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(ordered[min(len(ordered) - 1, int(part * len(ordered)))], 3) for name, part in at.items()}


def _share(values: Sequence[float], above_s: float) -> float:
    return round(sum(value > above_s for value in values) / max(len(values), 1), 4)


def _writes(counts: Mapping[str, int]) -> int:
    return sum(counts.get(name, 0) for name in ("patch", "delete", "scale"))
