"""Costs in words: an unknown price is never an amount."""

from ui.money import money, tokens_used


def test_amounts_stand_beside_their_limit() -> None:
    assert money(0.425) == "$0.42"
    assert money(0.0) == "$0.00"
    assert money(0.5, 5.0) == "$0.50 of $5.00"


def test_unknown_price_is_said_and_the_token_limit_takes_its_place() -> None:
    assert money(None, 5.0) == "price unknown"
    assert tokens_used(1_234, 4_000_000, None) == "1,234 of at most 4,000,000 tokens"
    assert tokens_used(1_234, 4_000_000, 0.1) == "1,234 tokens"
    assert tokens_used(1_234, None, None) == "1,234 tokens"
