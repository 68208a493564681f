"""How a project's history looks in a terminal: a tree that stays narrow, because a chain of steps is no deeper."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from cloud.cli.display import plain
from ui.api_types import Project, Snapshot, SnapshotDetail, TurnCost
from ui.money import money

SHORT_ID = 8


def show_history(console: Console, project: Project, snapshots: Sequence[Snapshot]) -> None:
    """Every step after the one it was made of; what the scene has gone back from stands aside.

    `snapshots`: newest first.
    """
    console.print(plain(project["name"]).append(f"  {project['id']}", style="dim"))
    console.print(_mark(is_now=project["head_snapshot_id"] is None).append("empty", style="cyan"))
    for depth, snapshot in tree_order(snapshots):
        console.print(Text("│ " * depth, style="dim").append_text(_line(snapshot)), soft_wrap=True)
    ways = [name for name, can in (("undo", project["can_undo"]), ("redo", project["can_redo"])) if can]
    console.print(f"● is the scene now; possible: {', '.join([*ways, 'restore'])}.", style="dim")


def show_step(console: Console, step: SnapshotDetail) -> None:
    """One step with its facts and its code."""
    table = Table.grid(padding=(0, 2))
    facts = {
        "snapshot": step["id"] + ("  (the scene now)" if step["is_head"] else ""),
        "step": f"{step['step']}: {step['title'] or 'untitled'}",
        "label": step["label"],
        "changed": step["changed"],
        "before": step["before_id"] or "empty",
        "after it": ", ".join(step["children_ids"]),
        "took": f"{step['seconds']:.1f} s",
        "cost": _told_cost(step["cost"]),
        "file": f"{step['bytes']:,} bytes, sha256 {step['sha256']}",
        "made": step["created_at"],
    }
    for name, value in facts.items():
        if value:
            table.add_row(Text(name, style="dim"), plain(value))
    console.print(table)
    code = plain(step["code"]).plain
    if console.is_terminal:
        console.print(Padding(Syntax(code, "python", theme="ansi_dark", word_wrap=True), (1, 0, 0, 0)))
    else:  # into a file or another program: code with a line broken in two is no code
        console.print(Text(f"\n{code}"), soft_wrap=True)


def show_comparison(console: Console, changed: dict[str, Any]) -> None:
    """What leads from the first scene to the second."""
    console.print(plain(changed["summary"]))
    table = Table.grid(padding=(0, 2))
    for name, entries in changed.items():
        if isinstance(entries, list) and entries:
            table.add_row(Text(name.replace("_", " "), style="dim"), plain(", ".join(entries)))
    console.print(table)


def tree_order(snapshots: Sequence[Snapshot]) -> Iterator[tuple[int, Snapshot]]:
    """Each step after its parent, with its depth. `snapshots`: newest first.

    Of what was made of one scene, the one on the way to the scene now (else the newest) comes last and is no deeper;
    the others are one deeper.
    """
    known = {snapshot["id"]: snapshot for snapshot in snapshots}
    children: dict[str | None, list[Snapshot]] = defaultdict(list)
    for snapshot in snapshots:
        children[snapshot["parent_id"] if snapshot["parent_id"] in known else None].append(snapshot)
    to_now: set[str] = set()
    step = next((snapshot for snapshot in snapshots if snapshot["is_head"]), None)
    while step is not None:
        to_now.add(step["id"])
        step = known.get(step["parent_id"] or "")
    waiting: list[tuple[int, str | None]] = [(0, None)]  # the next is the last; recursion would end at 1,000 steps
    while waiting:
        depth, scene_id = waiting.pop()
        if scene_id is not None:
            yield depth, known[scene_id]
        found = sorted(children[scene_id], key=lambda each: each["id"] not in to_now)
        waiting += [(depth + min(number, 1), each["id"]) for number, each in enumerate(found)]


def _mark(*, is_now: bool) -> Text:
    return Text("● ", style="bold green") if is_now else Text("○ ", style="dim")


def _line(snapshot: Snapshot) -> Text:
    line = _mark(is_now=snapshot["is_head"]).append(snapshot["id"][:SHORT_ID], style="cyan")
    if snapshot["label"]:
        line.append(f"  [{plain(snapshot['label']).plain}]", style="yellow")
    line.append("  ").append_text(plain(snapshot["title"] or "untitled"))
    notes = [snapshot["changed"], f"{snapshot['seconds']:.1f} s", _told_cost(snapshot["cost"])]
    return line.append("  " + "  ·  ".join(plain(note).plain for note in notes if note), style="dim")


def _told_cost(cost: TurnCost | None) -> str:
    if cost is None:
        return ""
    tokens = cost["input_tokens"] + cost["output_tokens"] + cost["cache_read_tokens"] + cost["cache_write_tokens"]
    shared = f" (one turn of {cost['shared_by']} tool calls)" if cost["shared_by"] > 1 else ""
    told = money(None) if cost["usd"] is None else f"${cost['usd']:.4f}"
    return f"{tokens:,} tokens {told}{shared}"
