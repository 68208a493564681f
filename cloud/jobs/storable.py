"""Text as it may be kept of a job: PostgreSQL takes neither NUL nor half a surrogate pair, and programs print both.

Nor is any secret kept that this process knows, such as the key of a model's server that says it back.
"""

from typing import Any

from cloud.redaction import mask_values


def storable_text(text: str) -> str:
    """The text with what cannot be stored replaced by U+FFFD, and secrets masked."""
    return mask_values(text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def storable(value: Any) -> Any:
    """JSON data with every text in it made storable."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, dict):
        return {storable_text(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value
