"""What the name of a project, or of a batch of them, may be."""

import unicodedata

from cloud.errors import InvalidInput


def checked_project_name(text: str, of: str = "project") -> str:
    """The name without white space around it; `of` says in errors whose it is.

    Raises: InvalidInput: empty, or with control characters.
    """
    name = unicodedata.normalize("NFC", text.strip())
    if not name:
        raise InvalidInput(f"The {of}'s name is empty; give it one.")
    for character in name:
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            raise InvalidInput(f"The {of}'s name holds the control character U+{ord(character):04X}; leave it out.")
    return name
