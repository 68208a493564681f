"""The code that the person types: eight letters that spell no word and look like no digit (RFC 8628, section 6.1)."""

import secrets
import unicodedata

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_CHARS = 8


def new_user_code() -> str:
    """A fresh code as it is kept: 20^8 of them, so that guessing one within its 15 minutes is hopeless."""
    return "".join(secrets.choice(LETTERS) for _ in range(_CHARS))


def shown(user_code: str) -> str:
    """As people read it: `WDJB-MJHT`."""
    return f"{user_code[:4]}-{user_code[4:]}"


def typed(text: str) -> str:
    """As it is kept, from what somebody typed: case, spaces, hyphens and wide letters do not matter."""
    return "".join(each for each in unicodedata.normalize("NFKC", text).upper() if each.isalnum())
