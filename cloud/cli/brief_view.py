"""How a brief and a review look in a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.control import strip_control_codes
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

PARTS_SHOWN = 12
_MARKS = {"met": ("✓", "green"), "partly": ("~", "yellow"), "not": ("✗", "red")}
_SEVERITIES = {"critical": "bold red", "major": "yellow", "minor": "dim"}


def plain(text: str) -> Text:
    """Text from outside, without markup and terminal control codes."""
    return Text(strip_control_codes(text.replace("\x1b", "")))


def brief_view(brief: Mapping[str, Any]) -> RenderableType:
    """Its title, its parts with sizes, and how many checks wait at the end."""
    parts: Sequence[Mapping[str, Any]] = brief["parts"]
    lines: list[RenderableType] = [Text("▤ ", style="cyan") + plain(brief["title"]).append("", style="bold")]
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="dim")
    for part in parts[:PARTS_SHOWN]:
        size = " × ".join(f"{length:.3g}" for length in part["size_m"])
        count = f"{part['count']} ×" if part["count"] > 1 else ""
        table.add_row(count, plain(part["name"]), Text(f"{size} m", style="dim"), plain(part["material"]))
    lines.append(Padding(table, (0, 0, 0, 2)))
    more = [f"{len(parts) - PARTS_SHOWN} more parts"] if len(parts) > PARTS_SHOWN else []
    more += [f"{len(brief['checks'])} checks at the end"] if brief["checks"] else []
    if more:
        lines.append(Text(f"  {', '.join(more)}", style="dim"))
    return Padding(Group(*lines), (0, 0, 0, 1))


def review_view(number: int, verdict: Mapping[str, Any], kept: str) -> RenderableType:
    """A mark for each requirement, then what is wrong."""
    passed = verdict["decision"] == "pass"
    said = "passed" if passed else "not yet good enough"
    lines: list[RenderableType] = [
        Text(f"review {number}: ", style="dim") + Text(said, style="green" if passed else "yellow")
    ]
    for requirement in verdict["requirements"]:
        mark, style = _MARKS.get(requirement["status"], ("?", "dim"))
        evidence = f"  {requirement['evidence']}" if requirement["status"] != "met" and requirement["evidence"] else ""
        lines.append(Text(f" {mark} ", style=style) + plain(requirement["text"] + evidence))
    for defect in verdict["defects"]:
        style = _SEVERITIES.get(defect["severity"], "dim")
        lines.append(Text(f" ! {defect['severity']}: ", style=style) + plain(defect["what"]))
    if kept == "rolled_back":
        lines.append(Text(" ↩ the scene before this mend was better, and is back", style="yellow"))
    return Padding(Group(*lines), (0, 0, 0, 1))
