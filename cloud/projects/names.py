"""What a project's name may be."""

import unicodedata

from cloud.errors import InvalidInput


def checked_project_name(text: str) -> str:
    """The name without white space around it. Raises: InvalidInput: empty, or with control characters."""
    name = unicodedata.normalize("NFC", text.strip())
    if not name:
        raise InvalidInput("The project's name is empty; give it one.")
    for character in name:
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            raise InvalidInput(f"The project's name holds the control character U+{ord(character):04X}; leave it out.")
    return name
