"""What clients send is taken as JSON has it: no number from a text, no truth from a number."""

from typing import Any

import pytest
from pydantic import Field, ValidationError

from cloud.api.schemas import Body


class _Order(Body):
    days: float = 7
    steps: int | None = None
    loud: bool = False
    name: str = ""
    sizes: list[float] = Field(default=[])


@pytest.mark.parametrize(
    "given",
    [
        {"days": True},
        {"days": "7"},
        {"steps": "7"},
        {"steps": False},
        {"loud": 1},
        {"loud": "true"},
    ],
    ids=str,
)
def test_a_lookalike_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="is needed"):
        _Order(**given)


def test_what_is_of_its_kind_is_taken() -> None:
    order = _Order(days=7, steps=None, loud=True, name="7", sizes=[1, 2.5])
    assert (order.days, order.steps, order.loud, order.name, order.sizes) == (7.0, None, True, "7", [1.0, 2.5])
