"""Text as PostgreSQL can keep it: it takes neither NUL nor half a surrogate pair, and programs print both."""

from typing import Any


def storable_text(text: str) -> str:
    """The text with what cannot be stored replaced by U+FFFD."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def storable(value: Any) -> Any:
    """JSON data with every text in it made storable."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, dict):
        return {storable_text(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value
