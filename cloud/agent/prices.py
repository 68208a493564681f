"""What a model call costs, from the price table beside this module."""

import functools
import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from importlib import resources
from typing import Any

_DATE_SUFFIX = re.compile(r"-\d{8}$")


@dataclass(frozen=True)
class TokenCounts:
    """The tokens of one call. `input_tokens` leaves out what was read from or written to the cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    @property
    def total(self) -> int:
        """All of them, whatever they cost."""
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens


def price_usd(model: str, tokens: TokenCounts) -> float | None:
    """The call's price in US dollars, rounded to whole micro-dollars; None if the table does not know the model.

    Rounded here, once, so that the ledger's rows, the totals of a job and the budget count the same money.
    """
    prices = _prices_of(model)
    if prices is None:
        return None
    prompt_tokens = tokens.input_tokens + tokens.cache_read_tokens + tokens.cache_write_tokens
    above = prices.get("above")
    if above is not None and prompt_tokens > above["tokens"]:
        prices = above
    micro_dollars = (
        tokens.input_tokens * prices["input"]
        + tokens.output_tokens * prices["output"]
        + tokens.cache_read_tokens * prices["cache_read"]
        + tokens.cache_write_tokens * prices["cache_write"]
    )
    return float(micro_dollars.quantize(Decimal(1), ROUND_HALF_UP) / 1_000_000)


def is_priced(model: str) -> bool:
    """Whether the table knows the model; what one without a price costs counts as zero, and is not."""
    return _prices_of(model) is not None


def known_usd(usd: float, free_models: Collection[str]) -> float | None:
    """What some calls cost together; None where that is 0 because a price is unknown.

    `free_models` are the models of those calls that used tokens and cost nothing.
    """
    return None if not usd and not all(map(is_priced, free_models)) else usd


def _prices_of(model: str) -> dict[str, Any] | None:
    models = _price_table()["models"]
    return models.get(model) or models.get(_DATE_SUFFIX.sub("", model))


@functools.cache
def _price_table() -> dict[str, Any]:
    text = resources.files("cloud.agent").joinpath("prices.toml").read_text()
    return tomllib.loads(text, parse_float=Decimal)
