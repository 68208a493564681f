"""What steps and comparisons come to, in words. No Streamlit and no I/O here."""

from collections.abc import Mapping
from typing import Any

from ui.api_types import TurnCost
from ui.money import money

_LISTS = {
    "added": "Added",
    "removed": "Removed",
    "renamed": "Renamed",
    "moved": "Moved",
    "remeshed": "Another shape",
    "rematerialled": "Another material",
    "modified": "Changed",
    "materials_added": "New materials",
    "materials_removed": "Materials gone",
    "materials_changed": "Materials changed",
    "collections_added": "New collections",
    "collections_removed": "Collections gone",
    "collections_changed": "Collections changed",
    "settings": "Settings",
}
_NAMES_SHOWN = 12


def cost_words(cost: TurnCost | None) -> str:
    """What the model's turn cost that asked for a step."""
    if cost is None:
        return "No model call asked for it."
    tokens = cost["input_tokens"] + cost["output_tokens"] + cost["cache_read_tokens"] + cost["cache_write_tokens"]
    told = money(None) if cost["usd"] is None else f"${cost['usd']:.4f}"
    shared = f", shared by the {cost['shared_by']} steps of one turn" if cost["shared_by"] > 1 else ""
    return f"{told} · {tokens:,} tokens{shared}"


def difference_words(changed: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What leads from one scene to another: (kind, names), the kinds that people look for first; without any, none."""
    counts = changed.get("counts") or {}
    rows = []
    for kind, words in _LISTS.items():
        found = changed.get(kind) or ()
        names = (
            [f"{old} → {new}" for old, new in found.items()] if isinstance(found, Mapping) else list(map(str, found))
        )
        if names:
            rows.append((f"{words} ({max(counts.get(kind, 0), len(names))})", _some(names, counts.get(kind, 0))))
    return rows


def _some(names: list[str], total: int) -> str:
    """The first names, and how many more there are."""
    more = max(total, len(names)) - min(len(names), _NAMES_SHOWN)
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
