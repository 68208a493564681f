"""The code that a person copies from a device."""

import pytest

from cloud.accounts.devices.codes import LETTERS, new_user_code, shown, typed


def test_a_code_has_eight_letters_that_cannot_be_mistaken() -> None:
    codes = [new_user_code() for _ in range(200)]

    assert len(LETTERS) == 20
    assert not set(LETTERS) & set("AEIOUY0123456789")
    assert {len(code) for code in codes} == {8}
    assert set("".join(codes)) == set(LETTERS)
    assert len(set(codes)) == 200


@pytest.mark.parametrize(
    "text",
    [
        "WDJB-MJHT",
        "wdjb-mjht",
        "WDJBMJHT",
        " wdjb mjht ",
        "W D J B M J H T",
        "WDJB–MJHT",
        "WDJB\u00a0MJHT",
        "ＷＤＪＢＭＪＨＴ",
    ],
)
def test_how_it_is_typed_does_not_matter(text: str) -> None:
    assert typed(text) == "WDJBMJHT"
    assert shown(typed(text)) == "WDJB-MJHT"


@pytest.mark.parametrize("text", ["", "-", "WDJB-MJH", "WDJB-MJHTT", "WDJB-MJHA", "0DJB-MJHT"])
def test_another_code_stays_another(text: str) -> None:
    assert typed(text) != "WDJBMJHT"
