"""Shares with their uncertainty, and the figures of a whole run."""

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_Z = 1.959964  # 95 %

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Share:
    """`hits` of `n`, with Wilson's 95 % interval."""

    hits: int
    n: int

    @property
    def value(self) -> float | None:
        """None of nothing."""
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval; everything is possible of nothing."""
        if not self.n:
            return 0.0, 1.0
        p, n, z2 = self.hits / self.n, self.n, _Z**2
        centre, half = p + z2 / (2 * n), _Z * (p * (1 - p) / n + z2 / (4 * n * n)) ** 0.5
        # The two ends are exact where all or none hit; rounding must not say otherwise.
        low = 0.0 if self.hits == 0 else (centre - half) / (1 + z2 / n)
        return low, 1.0 if self.hits == n else (centre + half) / (1 + z2 / n)

    def __str__(self) -> str:
        if self.value is None:
            return "–"
        low, high = self.interval
        return f"{self.value:.0%} ({self.hits} of {self.n}; {low:.0%} to {high:.0%})"


def difference(first: Share, second: Share) -> tuple[float, float, float] | None:
    """Second less first, with Newcombe's 95 % interval (of independent samples); None where one is of nothing."""
    if first.value is None or second.value is None:
        return None
    (low_1, high_1), (low_2, high_2) = first.interval, second.interval
    delta = second.value - first.value
    down = ((second.value - low_2) ** 2 + (high_1 - first.value) ** 2) ** 0.5
    up = ((high_2 - second.value) ** 2 + (first.value - low_1) ** 2) ** 0.5
    return delta, delta - down, delta + up


def measured(records: Iterable[Record]) -> list[Record]:
    """Those whose job ended, however."""
    return [record for record in records if record.get("measured")]


def success_share(records: Iterable[Record]) -> Share:
    """How many went as they should; a prompt that the harness could not measure counts for nothing."""
    kept = measured(records)
    return Share(sum(bool(record["success"]) for record in kept), len(kept))


def check_share(records: Iterable[Record]) -> Share:
    """How many of those whose file was read pass every check that the prompt file asked for."""
    asked = [[c["ok"] for c in record["file_checks"] if c["asked"]] for record in records if record.get("file_checks")]
    asked = [oks for oks in asked if oks]
    return Share(sum(all(oks) for oks in asked), len(asked))


def quartiles(records: Iterable[Record], figure: Callable[[Record], float | None]) -> tuple[float, float, float] | None:
    """The quarter points of what the records have of a figure; None where none has it."""
    values = sorted(value for record in records if (value := figure(record)) is not None)
    if not values:
        return None
    if len(values) == 1:
        return values[0], values[0], values[0]
    first, middle, third = statistics.quantiles(values, n=4, method="inclusive")
    return first, middle, third


def summary_of(records: Sequence[Record]) -> dict[str, Any]:
    """The run in figures, as the command prints them."""
    kept = measured(records)
    share, checks = success_share(records), check_share(records)
    judged = [record["judge"]["score"] for record in kept if (record.get("judge") or {}).get("score") is not None]
    tokens: Counter[str] = Counter()
    for record in kept:
        tokens.update({key: value for key, value in record["usage"].items() if key != "usd"})
    total_in = tokens["input_tokens"] + tokens["cache_read_tokens"] + tokens["cache_write_tokens"]
    return {
        "prompts": len(records),
        "measured": len(kept),
        "success": share.hits,
        "success_interval": [round(part, 4) for part in share.interval],
        "asked_checks_passed": checks.hits,
        "asked_checks_of": checks.n,
        "check_findings": sum((record.get("check") or {}).get("errors", 0) for record in kept),
        "check_clean": sum(bool((record.get("check") or {}).get("ok")) for record in kept),
        "steps": sum(record["steps"] for record in kept),
        "failed_steps": sum(record["failed_steps"] for record in kept),
        "repairs": sum(record["repairs"] for record in kept),
        "model_calls": sum(record["model_calls"] for record in kept),
        "mends": sum(record["mends"] for record in kept),
        "usd": round(sum(record["usd"] for record in kept), 6),
        "tokens": dict(tokens),
        "cached_share": tokens["cache_read_tokens"] / total_in if total_in else None,
        "seconds": round(sum(record["seconds"] for record in kept), 1),
        "seconds_p50": (quartiles(kept, lambda record: record["seconds"]) or (0, 0, 0))[1],
        "judged": len(judged),
        "judge_score": statistics.fmean(judged) if judged else None,
        "error_codes": dict(Counter((record["error"] or {}).get("code", "") for record in records if record["error"])),
    }
