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
    if control := control_in(name):
        raise InvalidInput(f"The {of}'s name holds the control character U+{ord(control):04X}; leave it out.")
    return name


def control_in(line: str) -> str | None:
    """The first character that no single line of text is written with; None: there is none."""
    return next((one for one in line if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")), None)
