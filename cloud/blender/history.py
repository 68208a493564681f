"""What the tool `snapshots` answers: the tree of a pod's saved scenes."""

from dataclasses import asdict
from typing import Any, Protocol

from cloud.blender.frames import Message
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


async def answer_snapshots(pod: Pod, action: str, sha256: str, other: str, label: str) -> Message:
    """List, restore, branch, label or diff. Raises: InvalidInput, and what `call` raises."""
    match action:
        case "list":
            return _listed(pod)
        case "restore":
            return await pod.call("restore", {"sha256": pod.store.find(sha256)})
        case "branch":
            return await _branch(pod, sha256, label)
        case "label":
            return _label(pod, sha256, label)
        case "diff":
            arguments = {"sha256": pod.store.find(sha256), "other": pod.store.find(other) if other else pod.scene}
            return await pod.call("difference", arguments)
        case _:
            raise InvalidInput("The action is one of list, restore, branch, label, diff.")


async def _branch(pod: Pod, sha256: str, label: str) -> Message:
    """Go on from an older snapshot under a name; what was done after it stays in the tree."""
    _check_label(label)
    found = pod.store.find(sha256)
    if not found:
        raise InvalidInput("A branch begins at a snapshot; the empty scene has no name. Use restore for it.")
    answer = await pod.call("restore", {"sha256": found})
    if not answer.header.get("is_error"):
        pod.store.label(found, label)
        answer.header["text"] = f"The scene is snapshot {found[:12]} now, the beginning of {label!r}."
    return answer


def _label(pod: Pod, sha256: str, label: str) -> Message:
    found = pod.store.find(sha256) if sha256 else pod.scene
    if not found:
        raise InvalidInput("The empty scene has no snapshot to label; build something first.")
    _check_label(label)
    pod.store.label(found, label)
    return Message({"text": f"Snapshot {found[:12]} is {label!r} now.", "structured": {"ok": True, "sha256": found}})


def _check_label(label: str) -> None:
    if not 1 <= len(label) <= _LABEL_LIMIT_CHARS or not label.isprintable():
        raise InvalidInput(f"A label has 1 to {_LABEL_LIMIT_CHARS} printable characters.")


def _listed(pod: Pod) -> Message:
    entries = pod.store.list_snapshots()
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
