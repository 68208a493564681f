"""What a prompt may be, and the folder name made of it. For the API, and for the command line before it starts one."""

import unicodedata

from cloud.agent.brief import is_control
from cloud.errors import InvalidInput

SLUG_LIMIT_BYTES = 60
NAME_LENGTH_CHARS = 80


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
        if is_control(character):
            raise InvalidInput(f"The prompt holds the control character U+{ord(character):04X}; remove it.")
    return prompt


def slug_of(prompt: str) -> str:
    """A short folder name made of the prompt's words; letters of every script stay."""
    words = "".join(c if c.isalnum() else " " for c in unicodedata.normalize("NFC", prompt.casefold())).split()
    slug = ""
    for word in words:
        if slug and len(f"{slug}-{word}".encode()) > SLUG_LIMIT_BYTES:
            break
        slug = f"{slug}-{word}" if slug else word.encode()[:SLUG_LIMIT_BYTES].decode(errors="ignore")
    return slug or "scene"


def name_of(prompt: str) -> str:
    """What a project that begins with this prompt is called."""
    return " ".join(prompt.split())[:NAME_LENGTH_CHARS].rstrip() or "Scene"
