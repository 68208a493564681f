"""What a password may be, as NIST SP 800-63B says: long enough, not a common one, not one's own name; nothing else."""

import functools

from cloud.accounts.passwords import composed
from cloud.errors import InvalidInput

LEAST_CHARS, MOST_CHARS = 8, 256
"""The least that any setting may ask for, and the most that is taken; nothing is ever cut off."""
_PRODUCT_NAMES = ("prompt2mesh", "prompt 2 mesh", "p2m")
_OWN_CHARS = 4


class WeakPassword(InvalidInput):
    """A password that others would guess; the message says why."""

    code = "weak_password"


def check_password(password: str, username: str, least_chars: int) -> None:
    """Raises: WeakPassword: too short, too long, common, or made of the user's or the product's name."""
    text = composed(password)
    if len(text) < least_chars:
        raise WeakPassword(f"The password has {len(text)} characters; use at least {least_chars}.")
    if len(text) > MOST_CHARS:
        raise WeakPassword(f"The password has {len(text)} characters; use at most {MOST_CHARS}.")
    folded = text.casefold()
    if folded in _common() or len(set(folded)) < 3:
        raise WeakPassword("This password is among those that are guessed first; choose another.")
    if _is_mainly(folded, (composed(username).casefold(),)):
        raise WeakPassword("The password is little more than your username; choose another.")
    if _is_mainly(folded, _PRODUCT_NAMES):
        raise WeakPassword("The password is little more than the name of this service; choose another.")


def warm_up() -> None:
    """Read the list of common passwords now (a tenth of a second) rather than at the first sign-up."""
    _common()


def _is_mainly(password: str, names: tuple[str, ...]) -> bool:
    """Whether nearly nothing is left of it without the names."""
    rest = password
    for name in names:
        if len(name) > 2:
            rest = rest.replace(name, "")
    return rest != password and sum(character.isalnum() for character in rest) < _OWN_CHARS


@functools.cache
def _common() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # a megabyte, for processes that check passwords alone

    return frozenset(each for each in FREQUENCY_LISTS["passwords"] if len(each) >= LEAST_CHARS)
