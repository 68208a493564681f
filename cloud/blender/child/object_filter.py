"""Which objects a filter means: `chair*`, `type:LIGHT`, `material:Wood`, `collection:Kitchen type:MESH`.

`each:` before a name, or alone, asks for a line for each object, with whole names and nothing folded.
"""

import fnmatch
import re
from dataclasses import dataclass, field
from typing import Any

from cloud.errors import InvalidInput

_FIELDS = {"name": "name", "type": "type", "kind": "kind", "material": "materials", "modifier": "modifiers"}
_FIELDS |= {"collection": "collections", "parent": "parent"}
_EACH = "each:"
_KEY = re.compile(r"(?:^|\s)([a-z]+):")


@dataclass(frozen=True)
class ObjectFilter:
    """Conditions that all hold: a field of an object's facts, and a text or a glob with `*` and `?`."""

    conditions: dict[str, str] = field(default_factory=dict)
    each: bool = False

    @classmethod
    def parse(cls, text: str) -> "ObjectFilter":
        """The filter as written. Raises: InvalidInput: an unknown word before a colon."""
        conditions: dict[str, str] = {}
        each = text.startswith(_EACH)
        text = text.removeprefix(_EACH)
        keys = list(_KEY.finditer(text))
        name = text[: keys[0].start() if keys else len(text)].strip()
        if name:
            conditions["name"] = name
        ends = [following.start() for following in keys[1:]] + [len(text)]
        for key, end in zip(keys, ends, strict=False):
            if key[1] not in _FIELDS:
                raise InvalidInput(f"A filter knows {', '.join(f'{known}:' for known in _FIELDS)}, not {key[1]}:.")
            conditions[key[1]] = text[key.end() : end].strip().strip("\"'")
        return cls(conditions, each)

    def fits(self, facts: dict[str, Any]) -> bool:
        """Whether the object of these facts is meant; upper and lower case are the same."""
        return all(_matches(value, facts[_FIELDS[key]], whole=key == "type") for key, value in self.conditions.items())


def _matches(wanted: str, found: str | list[str], *, whole: bool) -> bool:
    pattern = wanted.casefold()
    values = [value.casefold() for value in ([found] if isinstance(found, str) else found)]
    if whole or any(sign in pattern for sign in "*?"):
        return any(fnmatch.fnmatchcase(value, pattern) for value in values)
    return any(pattern in value for value in values)
