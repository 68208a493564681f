"""What a prompt may be. Used where it comes in: by the API, and by the command line before it starts anything."""

import unicodedata

from cloud.errors import InvalidInput


def checked_prompt(text: str, limit_chars: int) -> str:
    """The prompt without white space around it. Every script, emoji, newlines and tabs are welcome.

    Raises: InvalidInput: empty, too long, or with control characters.
    """
    prompt = text.strip()
    if not prompt:
        raise InvalidInput("The prompt is empty; say what you want to see built.")
    if len(prompt) > limit_chars:
        raise InvalidInput(
            f"The prompt has {len(prompt):,} characters; at most {limit_chars:,} are allowed: shorten it."
        )
    for character in prompt:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\r\t":
            raise InvalidInput(f"The prompt holds the control character U+{ord(character):04X}; remove it.")
    return prompt
