"""The form of tokens, which anybody can check without us."""

import re
import string
import zlib

import pytest

from cloud.accounts.tokens import Kind, kind_of, new_token

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


@pytest.mark.parametrize("kind", ["ses", "pat", "dev", "lnk"])
def test_a_token_says_what_it_is(kind: Kind) -> None:
    token = new_token(kind)

    assert re.fullmatch(rf"p2m_{kind}_[0-9A-Za-z]{{49}}", token)
    assert kind_of(token) == kind
    assert new_token(kind) != token


def test_the_checksum_is_the_crc32_of_the_43_characters_in_base_62() -> None:
    for token in (new_token("pat") for _ in range(200)):
        secret, checksum = token[8:51], token[51:]
        value = 0
        for digit in checksum:
            value = value * 62 + BASE62.index(digit)
        assert value == zlib.crc32(secret.encode())


def test_a_token_with_one_character_changed_is_none_of_ours() -> None:
    token = new_token("pat")
    for place in range(8, len(token)):
        changed = token[:place] + BASE62[(BASE62.index(token[place]) + 1) % 62] + token[place + 1 :]
        assert kind_of(changed) is None


@pytest.mark.parametrize("text", ["", "p2m_", "p2m_pat_", "p2m_xyz_" + "0" * 49, "p2m_pat_" + "0" * 49, "é" * 57])
def test_what_is_no_token_has_no_kind(text: str) -> None:
    assert kind_of(text) is None


def test_what_follows_a_token_makes_it_none() -> None:
    token = new_token("ses")

    assert [kind_of(text) for text in (f"{token}\n", f"{token} ", f" {token}", f"{token}0")] == [None] * 4
