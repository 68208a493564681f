"""A call that is timed and traced at once."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import Histogram

from cloud.telemetry.tracing import Kind, Value, describe, error_code, span

OK = "ok"


@dataclass
class Watched:
    """What is known of a call. `outcome` is a word of a short list; an error that leaves the block sets it."""

    outcome: str = OK


@contextmanager
def watched(
    name: str,
    histogram: Histogram,
    labels: Mapping[str, str],
    *,
    kind: Kind = "internal",
    attributes: Mapping[str, Value] | None = None,
) -> Iterator[Watched]:
    """Time the block into `histogram`, by its labels and `outcome`, and make a span of it."""
    call = Watched()
    with span(name, kind, attributes={**labels, **(attributes or {})}) as current:
        began = time.perf_counter()
        try:
            yield call
        except BaseException as error:
            if call.outcome == OK:
                call.outcome = error_code(error)
            raise
        finally:
            histogram.labels(**labels, outcome=call.outcome).observe(time.perf_counter() - began)
            describe(current, {"outcome": call.outcome})
