"""What a password may be."""

import pytest

from cloud.accounts.password_rules import WeakPassword, check_password


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "5 characters; use at least 8"),
        ("x1" * 129, "258 characters; use at most 256"),
        ("password", "guessed first"),
        ("PassWord1", "guessed first"),
        ("12345678", "guessed first"),
        ("aaaaaaaaaaaa", "guessed first"),
        ("ada.lovelace", "your username"),
        ("ADA.LOVELACE12", "your username"),
        ("prompt2mesh!", "name of this service"),
        ("Prompt2Mesh123", "name of this service"),
    ],
    ids=lambda value: value[:20],
)
def test_password_that_others_would_guess_is_refused_with_the_reason(password: str, words: str) -> None:
    with pytest.raises(WeakPassword, match=words):
        check_password(password, "ada.lovelace", 8)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "long enough",
        "only lower case letters",
        "  spaces around  ",
        "пароль из слов",
        "密码足够长吗是的",
        "🦊🐢🐙🦉🐝🦋🐞🐌",
        "xyz9" * 64,
        "ada.lovelace met babbage",
        "not prompt2mesh at all",
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_password_of_any_characters_will_do_if_it_is_long(password: str) -> None:
    check_password(password, "ada.lovelace", 8)


def test_length_is_that_of_the_composed_text_and_the_settings() -> None:
    with pytest.raises(WeakPassword, match="7 characters"):
        check_password("cafe\u0301 \u00fcb", "ada", 8)
    with pytest.raises(WeakPassword, match="at least 15"):
        check_password("fourteen chars", "ada", 15)


def test_short_username_does_not_spoil_words_that_hold_it() -> None:
    check_password("adamant badge", "ad", 8)
