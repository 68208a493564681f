"""Sealed secrets open for their owner alone, with any key that is still there."""

import base64
import os
from uuid import uuid4

import pytest

from cloud.accounts.secrets import Safe, SecretUnreadable, new_key
from cloud.errors import InvalidInput

OWNER, OTHER = uuid4(), uuid4()
SECRET = "sk-ant-secret"


def test_secret_opens_for_its_owner() -> None:
    safe = Safe([new_key()])
    sealed = safe.seal(OWNER, SECRET)
    assert safe.open(OWNER, sealed) == SECRET
    assert SECRET.encode() not in sealed
    assert safe.seal(OWNER, SECRET) != sealed


def test_secret_copied_to_another_owner_does_not_open() -> None:
    safe = Safe([new_key()])
    with pytest.raises(SecretUnreadable):
        safe.open(OTHER, safe.seal(OWNER, SECRET))


def test_damaged_secret_does_not_open() -> None:
    safe = Safe([new_key()])
    sealed = safe.seal(OWNER, SECRET)
    for damaged in (b"", sealed[:-5], sealed[:20] + b"A" + sealed[21:], b"\xff" * 100):
        with pytest.raises(SecretUnreadable) as caught:
            safe.open(OWNER, damaged)
        assert SECRET not in str(caught.value)


def test_keys_can_be_changed_one_after_the_other() -> None:
    old, new = new_key(), new_key()
    sealed = Safe([old]).seal(OWNER, SECRET)
    both = Safe.of_setting(f" {new} , {old},")
    assert both.open(OWNER, sealed) == SECRET
    again = both.reseal(sealed)
    assert Safe([new]).open(OWNER, again) == SECRET
    with pytest.raises(SecretUnreadable):
        Safe([new]).open(OWNER, sealed)
    with pytest.raises(SecretUnreadable):
        Safe([new]).reseal(sealed)


@pytest.mark.parametrize(
    "key",
    [
        "changeme",
        "a" * 44,
        base64.b64encode(b"\x80" * 32).decode(),
        base64.b64encode(b"this is my secret key of 32 chars").decode(),
        base64.b64encode(b"this is my secret key, 32 chars!").decode(),
        base64.b64encode(os.urandom(16)).decode(),
        "not base64 at all!" * 3,
    ],
    ids=["short", "one letter", "one byte", "text of 33", "text of 32", "16 bytes", "no base64"],
)
def test_placeholder_of_a_key_is_refused_without_telling_it(key: str) -> None:
    with pytest.raises(InvalidInput, match="openssl rand -base64 32") as caught:
        Safe.of_setting(key)
    assert key not in str(caught.value)


def test_no_key_is_refused() -> None:
    with pytest.raises(InvalidInput, match="P2M_SECRET_KEYS is not set"):
        Safe.of_setting(" , ")


def test_key_of_openssl_does() -> None:
    key = base64.b64encode(bytes(range(224, 256))).decode()
    assert {"+", "/"} & set(key)
    safe = Safe([key])
    assert safe.open(OWNER, safe.seal(OWNER, SECRET)) == SECRET
    assert SECRET not in repr(safe)
    assert key not in repr(safe)
