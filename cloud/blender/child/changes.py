"""What a step changed, in words and in lists: two fingerprints of the scene compared."""

from collections.abc import Iterable, Sequence
from typing import Any

from cloud.blender.child.fingerprint import Fingerprint, fingerprint_scene
from cloud.blender.child.wording import cut, folded, listed

__all__ = ["Fingerprint", "compare", "describe_difference", "fingerprint_scene", "shortened"]

_SUMMARY_LIMIT_BYTES = 800  # about 250 tokens
_GROUP_LIMIT_BYTES = 480
_ENTRIES_AT_MOST = 12
_NAMES_AT_MOST = 200
_NO_ASPECTS = frozenset({"uid"})


def compare(before: Fingerprint, after: Fingerprint) -> dict[str, Any]:
    """The difference: a short `summary`, lists of all names, and how many there are, in `counts`.

    `modified` are the objects that are in both and differ; `moved`, `remeshed` and `rematerialled` say in what.
    """
    old, new = before["objects"], after["objects"]
    renamed = _renamed(before, after)
    pairs = [(name, name) for name in new if name in old] + list(renamed.items())
    aspects = {now: what for was, now in pairs if (what := _differing(old[was], new[now]))}
    added = [name for name in new if name not in old and name not in renamed.values()]
    removed = [name for name in old if name not in new and name not in renamed]
    names = {
        "added": added,
        "removed": removed,
        "modified": list(aspects),
        "moved": [name for name, what in aspects.items() if "placed" in what],
        "remeshed": [name for name, what in aspects.items() if "shape" in what],
        "rematerialled": [name for name, what in aspects.items() if "material" in what],
        **_compared_blocks("materials", before, after),
        **_compared_blocks("collections", before, after),
    }
    settings = [
        _told_setting(label, value)
        for label, value in after["settings"].items()
        if before["settings"].get(label) != value
    ]
    summary = _summary(names, aspects, renamed, settings)
    counts = {kind: len(entries) for kind, entries in names.items() if entries}
    return {"summary": summary, **names, "renamed": renamed, "settings": settings, "counts": counts}


def shortened(changed: dict[str, Any]) -> dict[str, Any]:
    """The difference as it is sent: at most 200 names a list; `counts` says how many there are."""
    return {key: value[:_NAMES_AT_MOST] if isinstance(value, list) else value for key, value in changed.items()}


def describe_difference(first: Fingerprint, second: Fingerprint) -> str:
    """What leads from the first scene to the second, in a few words."""
    return compare(first, second)["summary"]


def _renamed(before: Fingerprint, after: Fingerprint) -> dict[str, str]:
    """Old name → new name of objects that are surely the same: by their id in one session, else by their state."""
    gone = {name: state for name, state in before["objects"].items() if name not in after["objects"]}
    come = {name: state for name, state in after["objects"].items() if name not in before["objects"]}
    if before["session"] == after["session"]:
        names = {state["uid"]: name for name, state in come.items()}
        return {name: names[state["uid"]] for name, state in gone.items() if state["uid"] in names}
    if len(gone) == len(come) == 1:
        [(was, old)], [(now, new)] = gone.items(), come.items()
        return {} if _differing(old, new) else {was: now}
    return {}


def _differing(old: dict[str, Any], new: dict[str, Any]) -> tuple[str, ...]:
    keys = [*new, *(key for key in old if key not in new)]
    return tuple(key for key in keys if key not in _NO_ASPECTS and old.get(key) != new.get(key))


def _compared_blocks(kind: str, before: Fingerprint, after: Fingerprint) -> dict[str, list[str]]:
    old, new = before[kind], after[kind]
    return {
        f"{kind}_added": [name for name in new if name not in old],
        f"{kind}_removed": [name for name in old if name not in new],
        f"{kind}_changed": [name for name in new if name in old and new[name] != old[name]],
    }


def _told_setting(label: str, value: Any) -> str:
    """One changed setting; of a world its name alone, the rest of it is a number."""
    return cut(f"{label}: {value[0] if isinstance(value, (list, tuple)) else value}", 120)


def _summary(
    names: dict[str, list[str]],
    aspects: dict[str, tuple[str, ...]],
    renamed: dict[str, str],
    settings: Sequence[str],
) -> str:
    told_through_objects = bool(names["rematerialled"])
    parts = [
        _part("added", folded(names["added"])),
        _part("removed", folded(names["removed"])),
        _part("renamed", [f"{cut(was)} to {cut(now)}" for was, now in renamed.items()]),
        _part("modified", _grouped(aspects)),
        _part("new materials", folded(names["materials_added"])),
        _part("removed materials", folded(names["materials_removed"])),
        _part("changed materials", [] if told_through_objects else folded(names["materials_changed"])),
        _part("new collections", folded(names["collections_added"])),
        _part("removed collections", folded(names["collections_removed"])),
        _part("settings", settings),
    ]
    return cut("; ".join(part for part in parts if part), _SUMMARY_LIMIT_BYTES) or "no object changed"


def _part(what: str, entries: Iterable[str]) -> str:
    """The entries after a word for them, as many as fit."""
    entries = list(entries)
    fitting, used = 0, 0
    for entry in entries[:_ENTRIES_AT_MOST]:
        used += len(entry.encode(errors="replace")) + 2
        if fitting and used > _GROUP_LIMIT_BYTES:
            break
        fitting += 1
    more = len(entries) - fitting
    return f"{what} {', '.join(entries[:fitting])}" + (f" and {more} more" if more else "") if entries else ""


def _grouped(aspects: dict[str, tuple[str, ...]]) -> list[str]:
    """`A, B (placed)`: objects that changed in the same way together."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, what in aspects.items():
        groups.setdefault(what, []).append(name)
    return [f"{listed(names, _ENTRIES_AT_MOST)} ({', '.join(what)})" for what, names in groups.items()]
