"""Where each step of a project's history stands on the filmstrip, and in which words. No Streamlit and no I/O here.

The scene's own line is the first row, from the first step to the scene as it is, and on to what was undone last. Every
other line of the tree has a row below, beginning one column after the step that it went away from. Lines that do not
get in each other's way share a row.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from ui.api_types import Snapshot
from ui.live.view import address_of
from ui.wording import ago, shortened

TITLE_CHARS = 80
PROMPT_CHARS = 120


class Frame(TypedDict):
    """One step on the strip. `state`: `head` the scene now, `line` what led to it, `aside` all else. `row` and
    `column` count from 0, `number` from 1 along the step's own line. `picture` is an address, None while there is
    none; `parent` is None for a first step. `spoken` is what a screen reader says."""

    id: str
    parent: str | None
    row: int
    column: int
    number: int
    state: Literal["head", "line", "aside"]
    name: str
    note: str
    prompt: str
    picture: str | None
    spoken: str


def content_address(artifact_id: str | None) -> str | None:
    """Where a browser that is signed in gets a file, relative to the page's base."""
    return address_of(artifact_id) if artifact_id else None


def name_of(snapshot: Snapshot) -> str:
    """The name that the user gave the step, else its title."""
    return shortened(snapshot["label"] or snapshot["title"] or "Untitled step", TITLE_CHARS)


def lay_out(snapshots: Sequence[Snapshot], prompts: Mapping[str, str]) -> list[Frame]:
    """The frames, row by row and from left to right. `snapshots`: newest first; `prompts`: by the jobs' ids."""
    lines = _lines(snapshots)
    depths = _depths(snapshots)
    spans = [(depths[line[0]["id"]], depths[line[-1]["id"]]) for line in lines]
    rows = _rows(spans)
    to_head = _line_of_head(snapshots)
    placed = sorted(zip(rows, spans, lines, strict=True), key=lambda each: each[:2])
    return [
        _frame(snapshot, row, depths[snapshot["id"]], to_head, prompts) for row, _, line in placed for snapshot in line
    ]


def _frame(snapshot: Snapshot, row: int, column: int, to_head: set[str], prompts: Mapping[str, str]) -> Frame:
    state: Literal["head", "line", "aside"] = "aside"
    if snapshot["is_head"]:
        state = "head"
    elif snapshot["id"] in to_head:
        state = "line"
    name, number, when = name_of(snapshot), column + 1, ago(snapshot["created_at"])
    said = {"head": "the scene now", "line": "", "aside": "not in the scene"}[state]
    return Frame(
        id=snapshot["id"],
        parent=snapshot["parent_id"],
        row=row,
        column=column,
        number=number,
        state=state,
        name=name,
        note=when,
        prompt=shortened(prompts.get(snapshot["job_id"] or "", ""), PROMPT_CHARS),
        picture=content_address(snapshot["thumbnail_id"]),
        spoken=", ".join(part for part in (f"Step {number}: {name}", said, when) if part),
    )


def _depths(snapshots: Sequence[Snapshot]) -> dict[str, int]:
    """How many steps stand before each one. A step comes after its parent, so oldest first does."""
    depths: dict[str, int] = {}
    for snapshot in reversed(snapshots):
        depths[snapshot["id"]] = depths.get(snapshot["parent_id"] or "", -1) + 1
    return depths


def _line_of_head(snapshots: Sequence[Snapshot]) -> set[str]:
    """The steps that made the scene as it is now."""
    known = {snapshot["id"]: snapshot for snapshot in snapshots}
    step = next((snapshot for snapshot in snapshots if snapshot["is_head"]), None)
    found: set[str] = set()
    while step is not None:
        found.add(step["id"])
        step = known.get(step["parent_id"] or "")
    return found


def _lines(snapshots: Sequence[Snapshot]) -> list[list[Snapshot]]:
    """The tree cut into lines: the scene's own first, the others from the newest to the oldest.

    A line goes on with the step that leads to the scene, else with the newest.
    """
    to_head = _line_of_head(snapshots)
    known = {snapshot["id"] for snapshot in snapshots}
    children: dict[str | None, list[Snapshot]] = defaultdict(list)
    for snapshot in snapshots:
        children[snapshot["parent_id"] if snapshot["parent_id"] in known else None].append(snapshot)
    begins = sorted(children[None], key=lambda each: each["id"] not in to_head)
    lines: list[list[Snapshot]] = []
    while begins:
        line = [begins.pop(0)]
        while found := sorted(children[line[-1]["id"]], key=lambda each: each["id"] not in to_head):
            line.append(found[0])
            begins += found[1:]
        lines.append(line)
    newest = {snapshot["id"]: place for place, snapshot in enumerate(snapshots)}
    return lines[:1] + sorted(lines[1:], key=lambda line: newest[line[-1]["id"]])


def _rows(spans: Sequence[tuple[int, int]]) -> list[int]:
    """A row for each line: the first has the first for itself, each of the others the highest with room for it.

    There is a free column between two lines of a row, where the way to the second one comes down.
    """
    taken: list[list[tuple[int, int]]] = []
    rows = [0] * min(1, len(spans))
    for first, last in spans[1:]:
        row = next((row for row, others in enumerate(taken) if _has_room(others, first, last)), len(taken))
        if row == len(taken):
            taken.append([])
        taken[row].append((first, last))
        rows.append(row + 1)
    return rows


def _has_room(others: Sequence[tuple[int, int]], first: int, last: int) -> bool:
    return all(last + 1 < begin or first > end + 1 for begin, end in others)
