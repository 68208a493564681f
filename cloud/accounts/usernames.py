"""What a username may be."""

import unicodedata

from cloud.errors import InvalidInput

_LIMIT_CHARS = 64
# Controls, invisible formatting, surrogates, private and unassigned code points; line and paragraph separators.
_REFUSED = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def checked_username(text: str) -> str:
    """The name without white space around it, in Unicode's composed form; letters of any script are fine.

    Raises: InvalidInput: empty, too long, or with characters that nobody can see.
    """
    name = unicodedata.normalize("NFC", text.strip())
    if not name:
        raise InvalidInput("The username is empty; choose one with at least one letter.")
    if len(name) > _LIMIT_CHARS:
        raise InvalidInput(f"The username has {len(name)} characters; at most {_LIMIT_CHARS} are allowed.")
    for character in name:
        if unicodedata.category(character) in _REFUSED or (character.isspace() and character != " "):
            raise InvalidInput(f"The username holds the invisible character U+{ord(character):04X}; leave it out.")
    return name
