"""Text that PostgreSQL refuses is replaced, everything else is left as it is."""

import pytest

from cloud.jobs.storable import storable, storable_text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("plain äöü 椅子 🪑", "plain äöü 椅子 🪑"),
        ("a\0b", "a\ufffdb"),
        ("half \ud800 pair", "half \ufffd pair"),
        ("\ud83e\ude91", "🪑"),
    ],
)
def test_text_becomes_storable(text: str, kept: str) -> None:
    assert storable_text(text) == kept


def test_data_is_cleaned_at_every_depth() -> None:
    assert storable({"a\0": [{"b": "\0"}, 1, None, ("x\0",)]}) == {"a\ufffd": [{"b": "\ufffd"}, 1, None, ["x\ufffd"]]}
