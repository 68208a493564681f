"""What the tool `snapshots` answers: the tree of saved scenes; that of one project, where the caller names its own."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol

from cloud.blender.frames import Message
from cloud.blender.project_history import snapshots_of
from cloud.blender.store import PodStore, Snapshot
from cloud.errors import InvalidInput

LISTED_AT_MOST = 30  # as text; all as data
_LABEL_LIMIT_CHARS = 80


class Pod(Protocol):
    """What the history needs of the supervisor."""

    async def call(self, tool: str, arguments: dict[str, Any]) -> Message:
        """Ask the child."""
        ...

    @property
    def scene(self) -> str:
        """The snapshot that the scene is."""
        ...

    @property
    def store(self) -> PodStore:
        """The pod's files."""
        ...


async def answer_snapshots(
    pod: Pod, *, action: str, sha256: str, other: str, label: str, project: Sequence[Snapshot] | None
) -> Message:
    """List, restore, branch, label or diff those of the project (None: all). Raises: InvalidInput, as `call`."""
    known = snapshots_of(pod.store, project, pod.scene)
    match action:
        case "list":
            return _listed(pod, known)
        case "restore":
            return await pod.call("restore", {"sha256": pod.store.find(sha256, known)})
        case "branch":
            return await _branch(pod, known, sha256, label)
        case "label":
            return _label(pod, known, sha256, label)
        case "diff":
            first, second = (pod.store.find(each, known) if each else pod.scene for each in (sha256 or "empty", other))
            return await pod.call("difference", {"sha256": first, "other": second})
        case _:
            raise InvalidInput("The action is one of list, restore, branch, label, diff.")


async def _branch(pod: Pod, known: Sequence[Snapshot], sha256: str, label: str) -> Message:
    """Go on from an older snapshot under a name; what was done after it stays in the tree."""
    _check_label(label)
    found = pod.store.find(sha256, known)
    if not found:
        raise InvalidInput("A branch begins at a snapshot; the empty scene has no name. Use restore for it.")
    answer = await pod.call("restore", {"sha256": found})
    if not answer.header.get("is_error"):
        pod.store.label(found, label, known)
        answer.header["text"] = f"The scene is snapshot {found[:12]} now, the beginning of {label!r}."
    return answer


def _label(pod: Pod, known: Sequence[Snapshot], sha256: str, label: str) -> Message:
    found = pod.store.find(sha256, known) if sha256 else pod.scene
    if not found:
        raise InvalidInput("The empty scene has no snapshot to label; build something first.")
    _check_label(label)
    pod.store.label(found, label, known)
    return Message({"text": f"Snapshot {found[:12]} is {label!r} now.", "structured": {"ok": True, "sha256": found}})


def _check_label(label: str) -> None:
    if not 1 <= len(label) <= _LABEL_LIMIT_CHARS or not label.isprintable():
        raise InvalidInput(f"A label has 1 to {_LABEL_LIMIT_CHARS} printable characters.")


def _listed(pod: Pod, entries: Sequence[Snapshot]) -> Message:
    lines = [_line(entry, pod.scene) for entry in entries[:LISTED_AT_MOST]]
    if len(entries) > LISTED_AT_MOST:
        lines.append(f"… and {len(entries) - LISTED_AT_MOST} older ones")
    text = "Newest first (<- its parent):\n" + "\n".join(lines) if lines else "There are no snapshots yet."
    structured: dict[str, Any] = {"snapshots": [asdict(entry) for entry in entries], "current": pod.scene}
    return Message({"text": text, "structured": structured})


def _line(entry: Snapshot, present: str) -> str:
    parent = "" if entry.parent is None else f" <- {entry.parent[:12] or 'empty'}"
    name = f" [{entry.label}]" if entry.label else ""
    title = f" {entry.title[:60]}" if entry.title else ""
    return f"{entry.sha256[:12]}{parent}{name}{title}{' (now)' if entry.sha256 == present else ''}"
