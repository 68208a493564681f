"""How a running batch looks: a bar over the whole and a line for each prompt that ends, or JSON lines."""

from pathlib import Path
from typing import Any, Protocol

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cloud.cli.display import STAGES, Display, JsonDisplay, TerminalDisplay, plain
from ui.api_types import Batch, BatchItem
from ui.money import money

PROMPT_WIDTH = 60
_UNFINISHED = ("queued", "running")
_MARKS = {"succeeded": ("✓", "green"), "failed": ("✗", "red"), "cancelled": ("–", "yellow")}


class BatchDisplay(Display, Protocol):
    """What the user is shown of a batch."""

    def batch(self, batch: Batch) -> None:
        """The batch as it stands now."""

    def batch_result(self, report: dict[str, Any], folder: Path) -> None:
        """The batch is home; `report` is what `batch.json` holds."""


class _Changes:
    """Which items are in another state than when last looked at."""

    def __init__(self) -> None:
        self._states: dict[int, str] = {}

    def of(self, batch: Batch) -> list[BatchItem]:
        """The items whose state is new; a queued one at the start is no news."""
        changed = [item for item in batch["items"] if self._states.get(item["position"], "queued") != item["state"]]
        self._states |= {item["position"]: item["state"] for item in batch["items"]}
        return changed


class JsonBatchDisplay(JsonDisplay):
    """A `batch` line for each change of the whole, an `item` line for each of a prompt, and the `result`."""

    def __init__(self) -> None:
        self._changes = _Changes()
        self._told: dict[str, Any] = {}

    def batch(self, batch: Batch) -> None:
        for item in self._changes.of(batch):
            self._line("item", **item)
        now = {name: batch[name] for name in ("id", "name", "total", "counts", "done", "usage")}
        if now != self._told:
            self._told = now
            self._line("batch", **now)

    def batch_result(self, report: dict[str, Any], folder: Path) -> None:
        self._line("result", **{**report, "folder": str(folder)})


class TerminalBatchDisplay(TerminalDisplay):
    """Ended prompts scroll by; below them a bar, what is built now, how many failed, time and cost."""

    def __init__(self) -> None:
        self._batch: Batch | None = None  # the root asks for the status at once
        super().__init__()
        self._changes = _Changes()

    def batch(self, batch: Batch) -> None:
        self._batch = batch
        for item in self._changes.of(batch):
            if item["state"] not in _UNFINISHED:
                self._console.print(_ended_line(item), soft_wrap=True)

    def note(self, text: str) -> None:
        self._batch = None
        super().note(text)

    def _status(self) -> RenderableType:
        if self._batch is None:
            return super()._status()
        counts, total = self._batch["counts"], self._batch["total"]
        left = counts["queued"] + counts["running"]
        parts = [f"{total - left} of {total} done"]
        parts += [f"{counts['failed']} failed"] if counts["failed"] else []
        parts += [f"{self._clock() - self._began:.0f} s", money(self._batch["usage"]["usd"])]
        bar = Table.grid(padding=(0, 2))
        whole = ProgressBar(total=total, completed=total - left, width=24)
        bar.add_row(whole, Text("  ·  ".join(parts), style="cyan"))
        now = [_running_line(item) for item in self._batch["items"] if item["state"] == "running"][:3]
        self._spinner.update(text=Text("  ·  ").join(now) if now else Text("waiting for a free runner", style="dim"))
        return Padding(Group(bar, self._spinner), (0, 0, 0, 1))

    def batch_result(self, report: dict[str, Any], folder: Path) -> None:
        table = Table("", "", "prompt", "triangles", "seconds", "cost", "folder", box=None, padding=(0, 2, 0, 0))
        for number in (1, 3, 4, 5):
            table.columns[number].justify = "right"
        table.columns[6].overflow = "fold"  # somebody will copy it
        for item in report["items"]:
            mark, style = _MARKS.get(item["state"], ("…", "dim"))
            cells = (f"{item['triangles']:,}", f"{item['seconds']:.1f}", money(item["usd"]), item["folder"] or "")
            table.add_row(Text(mark, style=style), str(item["position"]), _short(item["prompt"]), *cells)
        self._console.print(Padding(table, (1, 0, 0, 1)))
        built, total = report["counts"].get("succeeded", 0), report["total"]
        lost = total - built
        said = Text(f"{built} of {total} built, {money(report['usd'])}: ") + plain(f"{folder}")
        self._console.print(Padding(said, (1, 0, 0, 1)))
        if lost:
            told = f"{lost} of {total} prompts {'were' if lost > 1 else 'was'} not built; batch.json says why."
            self._errors.print(Text(" ✗ ", style="bold red") + Text(told), soft_wrap=True)


def _short(prompt: str) -> Text:
    line = " ".join(prompt.split())
    return plain(line if len(line) <= PROMPT_WIDTH else f"{line[: PROMPT_WIDTH - 1]}…")


def _running_line(item: BatchItem) -> Text:
    return _short(item["prompt"]) + Text(f": {STAGES.get(item['stage'] or '', 'starting')}", style="dim")


def _ended_line(item: BatchItem) -> Text:
    mark, style = _MARKS[item["state"]]
    line = Text(f" {mark} ", style=style) + Text(f"{item['position']:>3}  ", style="dim") + _short(item["prompt"])
    if item["error"]:
        return line + Text("  ") + plain(item["error"]["message"])
    return line + Text(f"  {item['triangles']:,} triangles  {item['seconds']:.1f} s", style="dim")
