"""What a process tells Prometheus, read as Prometheus reads it."""

from collections.abc import Mapping

import httpx2
from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(port: int) -> "Scraped":
    """The numbers at a port of this machine, now."""
    with httpx2.Client(trust_env=False, timeout=10) as client:
        answer = client.get(f"http://127.0.0.1:{port}/metrics")
    answer.raise_for_status()
    return Scraped(answer.text)


class Scraped:
    """One scrape."""

    def __init__(self, text: str) -> None:
        families = list(text_string_to_metric_families(text))
        self.types = {family.name: family.type for family in families}
        self.samples: Samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    @property
    def names(self) -> set[str]:
        """The names of all series."""
        return {name for name, _ in self.samples}

    def value(self, name: str, labels: Mapping[str, str] | None = None) -> float:
        """The sum of the series of this name that have these labels; 0 without any."""
        wanted = set((labels or {}).items())
        return sum(value for (found, has), value in self.samples.items() if found == name and wanted <= has)

    def labels(self, name: str, label: str) -> set[str]:
        """The values that a label has."""
        return {value for found, has in self.samples if found == name for key, value in has if key == label}
