"""Which snapshots a caller means by "the history": a pod is its user's, a job is about one of that user's projects.

The backend names the project's snapshots beside the arguments, newest first; whoever names none sees all of the pod's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cloud.blender.store import EMPTY_SCENE, PodStore, Snapshot

HISTORY_META_KEY = "prompt2mesh/snapshots"
_TEXTS = ("sha256", "parent", "title", "label")


def history_of(meta: Mapping[str, Any] | None) -> Sequence[Snapshot] | None:
    """The snapshots that a call's `_meta` names; None: it says nothing of them."""
    if meta is None or HISTORY_META_KEY not in meta:
        return None
    told = meta[HISTORY_META_KEY]
    return [_snapshot(each) for each in told if _is_whole(each)] if isinstance(told, list) else []


def snapshots_of(store: PodStore, project: Sequence[Snapshot] | None, scene: str) -> Sequence[Snapshot]:
    """The history, newest first, each once, whether or not its file is here; `scene` is always part of it."""
    if project is None:
        return store.list_snapshots()
    told = {entry.sha256: _with_own_facts(store, entry) for entry in reversed(project)}
    if scene != EMPTY_SCENE and scene not in told:
        told[scene] = store.entry(scene)
    return list(reversed(told.values()))


def _with_own_facts(store: PodStore, entry: Snapshot) -> Snapshot:
    """The entry with what this pod knows besides: a label that was given here, and what was counted."""
    try:
        own = store.entry(entry.sha256)
    except FileNotFoundError:
        return entry
    return replace(entry, label=own.label or entry.label, bytes=own.bytes, objects=own.objects, triangles=own.triangles)


def _is_whole(told: Any) -> bool:
    return isinstance(told, dict) and all(isinstance(told.get(key), str) for key in _TEXTS)


def _snapshot(told: dict[str, Any]) -> Snapshot:
    return Snapshot(
        told["sha256"], int(told.get("bytes", 0)), told["parent"], told["title"], told["label"],
        created_at=float(told.get("created_at", 0)),
    )  # fmt: skip
