"""How a running job looks: live in a terminal, or one JSON object a line."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from rich.console import Console, Group, RenderableType
from rich.control import strip_control_codes
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from ui.api_types import JobEvent

STAGES = {
    "prepare": "getting Blender ready",
    "build": "building",
    "compare": "comparing",
    "deliver": "writing the files",
}
WAITS = {
    "pod_starting": "Blender is starting",
    "rate_limit": "the model's service asks us to slow down",
    "overloaded": "the model's service is overloaded",
    "connection": "the model's service does not answer",
}


class Display(Protocol):
    """What the user is shown of a run. Used as a context manager around it."""

    def __enter__(self) -> "Display": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def note(self, text: str) -> None:
        """A few words on what happens outside the job."""

    def job_event(self, event: JobEvent) -> None:
        """One event of the job."""

    def picture(self, path: Path) -> None:
        """A picture has been downloaded."""

    def timings(self, seconds: dict[str, float]) -> None:
        """Where the time went, for `--timings`."""

    def result(self, result: dict[str, Any], folder: Path) -> None:
        """The run has ended; `result` is what `result.json` holds."""

    def problem(self, code: str, message: str) -> None:
        """The run cannot go on; one sentence."""


def plain(text: str) -> Text:
    """Text from outside, without markup and terminal control codes."""
    return Text(strip_control_codes(text.replace("\x1b", "")))


class JsonDisplay:
    """One JSON object a line on stdout and nothing else; each has a `type`."""

    def __enter__(self) -> "JsonDisplay":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stdout.flush()

    def _line(self, kind: str, /, **facts: Any) -> None:
        print(json.dumps({**facts, "type": kind}, ensure_ascii=False), flush=True)

    def note(self, text: str) -> None:
        self._line("note", text=text)

    def job_event(self, event: JobEvent) -> None:
        self._line(event.type, seq=event.seq, **{name: value for name, value in event.data.items() if name != "type"})

    def picture(self, path: Path) -> None:
        self._line("file", path=str(path))

    def timings(self, seconds: dict[str, float]) -> None:
        self._line("timings", seconds=seconds)

    def result(self, result: dict[str, Any], folder: Path) -> None:
        self._line("result", folder=str(folder), **result)

    def problem(self, code: str, message: str) -> None:
        self._line("error", code=code, message=message)


class TerminalDisplay:
    """Steps scroll by; below them one live line says stage, step, time, tokens and cost."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._errors = Console(stderr=True, highlight=False)
        self._clock = clock
        self._began = clock()
        self._now = "starting"
        self._step = 0
        self._tokens = 0
        self._usd = 0.0
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(get_renderable=self._status, console=self._console, transient=True, refresh_per_second=8)

    def __enter__(self) -> "TerminalDisplay":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def _status(self) -> RenderableType:
        parts: list[str] = [self._now]
        if self._step:
            parts.append(f"step {self._step}")
        parts.append(f"{self._clock() - self._began:.0f} s")
        if self._tokens:
            parts += [f"{self._tokens:,} tokens", f"${self._usd:.2f}"]
        self._spinner.update(text=Text("  ·  ".join(parts), style="cyan"))
        return Padding(self._spinner, (0, 0, 0, 1))

    def note(self, text: str) -> None:
        self._now = text
        if not self._console.is_terminal:
            self._console.print(plain(text), style="dim")

    def job_event(self, event: JobEvent) -> None:
        data = event.data
        if event.type == "stage":
            self._now = STAGES.get(data["stage"], str(data["stage"]))
        elif event.type == "waiting":
            left = f", {data['seconds']:.0f} s" if data.get("seconds") else ""
            self._now = f"waiting: {WAITS.get(data['reason'], data['reason'])}{left}"
        elif event.type == "text":
            self._console.print(Padding(plain(data["text"].strip()), (0, 0, 0, 2)), style="dim")
        elif event.type == "step.started":
            self._step, self._now = int(data["step"]), str(data["title"])
        elif event.type == "step.finished":
            self._console.print(self._step_line(data))
        elif event.type == "usage":
            usage = data["usage"]
            self._tokens = sum(count for name, count in usage.items() if name.endswith("_tokens"))
            self._usd = usage["usd"]

    def _step_line(self, data: dict[str, Any]) -> Text:
        mark = Text(" ✓ ", style="green") if data["ok"] else Text(" ✗ ", style="red")
        line = mark + Text(f"{data['step']:>2}  ", style="dim") + plain(data["title"])
        told = data["changed"] if data["ok"] else data["error"] or "failed"
        return line + Text(f"  {data['seconds']:.1f} s  ", style="dim") + plain(told).append("", style="dim")

    def picture(self, path: Path) -> None:
        self._console.print(Text("   ▣   ", style="magenta") + plain(str(path)), soft_wrap=True)

    def timings(self, seconds: dict[str, float]) -> None:
        table = Table("where the time went", "seconds", box=None, padding=(0, 2))
        table.columns[1].justify = "right"
        for name, value in seconds.items():
            table.add_row(name, f"{value:.2f}")
        self._console.print(Padding(table, (1, 0, 0, 1)))

    def result(self, result: dict[str, Any], folder: Path) -> None:
        if result["status"] != "succeeded":
            error = result["error"] or {"message": f"The job ended as {result['status']}."}
            self._errors.print(Text(" ✗ ", style="bold red") + plain(error["message"]), soft_wrap=True)
        lines: list[RenderableType] = []
        if result["summary"] and result["status"] == "succeeded":
            lines.append(plain(result["summary"]))
        unsaid = [phrase for phrase in result["not_built"] if phrase not in result["summary"]]
        if unsaid and result["status"] == "succeeded":
            lines.append(Text("Not built: ", style="yellow") + plain(", ".join(unsaid)))
        if result["files"]:
            facts = f"{result['objects']} objects, {result['triangles']:,} triangles, {result['seconds']:.1f} s"
            lines.append(Text(facts, style="dim"))
            width = max(len(file["name"]) for file in result["files"])
            lines += [plain(f"{folder / file['name']!s}") + _size(file, width) for file in result["files"]]
        self._console.print(Padding(Group(*lines), (1, 0, 0, 1)))

    def problem(self, code: str, message: str) -> None:
        self._live.stop()
        self._errors.print(Text(" ✗ ", style="bold red") + plain(message), soft_wrap=True)


def _size(file: dict[str, Any], width: int) -> Text:
    return Text(" " * (width - len(file["name"]) + 2) + f"{file['bytes'] / 1024:,.0f} KiB", style="dim")
