"""What a model call costs, from the price table beside this module."""

import functools
import re
import tomllib
from dataclasses import dataclass
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


def price_usd(model: str, tokens: TokenCounts) -> float | None:
    """The call's price in US dollars; None if the table does not know the model."""
    models = _price_table()["models"]
    prices = models.get(model) or models.get(_DATE_SUFFIX.sub("", model))
    if prices is None:
        return None
    prompt_tokens = tokens.input_tokens + tokens.cache_read_tokens + tokens.cache_write_tokens
    above = prices.get("above")
    if above is not None and prompt_tokens > above["tokens"]:
        prices = above
    return (
        tokens.input_tokens * prices["input"]
        + tokens.output_tokens * prices["output"]
        + tokens.cache_read_tokens * prices["cache_read"]
        + tokens.cache_write_tokens * prices["cache_write"]
    ) / 1e6


@functools.cache
def _price_table() -> dict[str, Any]:
    return tomllib.loads(resources.files("cloud.agent").joinpath("prices.toml").read_text())
