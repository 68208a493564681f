"""Prices to the micro-dollar, and the budget that counts them."""

from decimal import Decimal

import pytest

from cloud.agent.budget import Budget
from cloud.agent.prices import TokenCounts, is_priced, known_usd, price_usd


def test_price_is_a_whole_number_of_micro_dollars() -> None:
    usd = price_usd("claude-sonnet-5-5", TokenCounts(1, 1, 1, 1))
    assert usd == 0.000015  # 2 + 10 + 0.2 + 2.5 millionths
    assert price_usd("claude-haiku-5-5", TokenCounts(100_001, 0, 0, 0)) == 0.050001


def test_sum_of_many_prices_does_not_drift() -> None:
    budget, exact = Budget(10**6, 1e6), Decimal(0)
    tokens = TokenCounts(output_tokens=1, cache_read_tokens=3)
    usd = price_usd("claude-sonnet-5-5", tokens)
    assert usd is not None
    for _ in range(10_000):
        budget.lose(tokens, usd)
        exact += Decimal(str(usd))
    assert Decimal(str(budget.usd)) == exact


def test_unknown_price_is_not_zero_and_tokens_count_all_the_same() -> None:
    assert price_usd("local-model", TokenCounts(5)) is None
    assert not is_priced("local-model")
    assert is_priced("claude-sonnet-4-5-20250929")
    budget = Budget(60, 5.0, max_tokens=1000)
    budget.spend(TokenCounts(900, 100), None)
    assert budget.exhausted == "The job reached its limit of 1,000 tokens."


def test_cost_of_some_calls_is_unknown_only_where_nothing_of_it_is_known() -> None:
    assert known_usd(0.0, ["local-model"]) is None
    assert known_usd(0.5, ["local-model"]) == 0.5
    assert known_usd(0.0, ["offline-modeller"]) == 0.0
    assert known_usd(0.0, []) == 0.0


def test_call_that_would_surely_exceed_is_not_made() -> None:
    budget = Budget(60, 1.0)
    budget.spend(TokenCounts(cache_write_tokens=380_000), 0.95)
    assert budget.exhausted == "The job reached its limit of 1.00 US dollars."


@pytest.mark.parametrize(
    ("steps", "usd", "said"),
    [(10, 0.1, None), (57, 0.1, "about 3"), (59, 0.1, "last reply"), (10, 4.85, "last reply"), (10, 4.7, "about 2")],
    ids=["plenty", "few calls", "one call", "money for one", "money for two"],
)
def test_little_that_is_left_is_told(steps: int, usd: float, said: str | None) -> None:
    budget = Budget(60, 5.0, steps - 1, usd - 0.1)
    budget.spend(TokenCounts(), 0.1)
    assert (said is None and budget.warning is None) or (said or "?") in (budget.warning or "")
