# pyright: reportAttributeAccessIssue=false, reportArgumentType=false
# The stubs of bpy know no property of a subclass, and some as methods.
"""Data-blocks as sets: what was there before, what is new, what uses what, what nobody uses any more. (bpy)"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import bpy

_NO_CONTENT = {"window_managers", "screens", "workspaces", "shape_keys", "all_ids"}  # the last: all again, since 5.2


def data_kinds() -> tuple[str, ...]:
    """The collections of `bpy.data`, libraries last; shape keys live and die with their meshes."""
    found = [
        entry.identifier
        for entry in bpy.types.BlendData.bl_rna.properties
        if entry.type == "COLLECTION" and entry.identifier not in _NO_CONTENT
    ]
    return (*(kind for kind in found if kind != "libraries"), "libraries")


class Before:
    """Which data-blocks were there at a moment. Holds no reference of Blender's."""

    def __init__(self) -> None:
        self._uids = {kind: {block.session_uid for block in getattr(bpy.data, kind)} for kind in data_kinds()}

    def new(self, kind: str) -> list[Any]:
        """The data-blocks of this kind that came since."""
        known = self._uids[kind]
        return [block for block in getattr(bpy.data, kind) if block.session_uid not in known]

    def all_new(self) -> list[Any]:
        """All that came since, libraries last."""
        return [block for kind in self._uids for block in self.new(kind)]

    def remove_new(self) -> None:
        """Let go of all that came since."""
        bpy.data.batch_remove([block for kind in self._uids if kind != "libraries" for block in self.new(kind)])
        bpy.data.batch_remove(self.new("libraries"))


def reached_from(roots: Iterable[Any], among: Collection[Any]) -> set[Any]:
    """Those of the blocks that the roots are or use, over any number of steps."""
    candidates = set(among)
    uses: dict[Any, list[Any]] = {}
    for block, users in bpy.data.user_map(subset=candidates).items():
        for user in users:
            uses.setdefault(user, []).append(block)
    reached, waiting = set[Any](), [root for root in roots if root in candidates]
    while waiting:
        block = waiting.pop()
        if block in reached:
            continue
        reached.add(block)
        waiting += uses.get(block, ())
    return reached


def remove_unused(blocks: Iterable[Any]) -> int:
    """Remove those of the blocks that nothing uses, and then those that only they used. Returns: how many."""
    left, removed = set(blocks), 0
    while left:
        users = bpy.data.user_map(subset=left)
        unused = {block for block in left if not (users.get(block, set()) - {block}) and not block.use_fake_user}
        if not unused:
            break
        removed += len(unused)
        left -= unused
        bpy.data.batch_remove(unused)
    return removed


def parts_of(block: Any) -> Iterator[Any]:
    """The block and what in it can name files or run code: its tree, nodes, sockets, modifiers, constraints."""
    yield block
    for holder in (block, getattr(block, "node_tree", None)):
        for name in ("modifiers", "constraints", "nodes", "particle_systems", "inputs"):
            for part in list(getattr(holder, name, None) or ()):
                yield part
                if name == "nodes":
                    yield from getattr(part, "inputs", ())
