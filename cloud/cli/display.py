"""How a running job looks: live in a terminal, or one JSON object a line."""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
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

from cloud.cli.brief_view import brief_view, plain, review_view
from ui.api_types import JobEvent
from ui.money import money, tokens_used

STAGES = {
    "prepare": "getting Blender ready",
    "import": "reading the file",
    "refine": "writing the brief",
    "build": "building",
    "review": "reviewing the scene",
    "mend": "mending what the review found",
    "compare": "comparing",
    "deliver": "writing the files",
}
WAITS = {
    "capacity": "waiting: all runners are busy",
    "pod_starting": "waiting: Blender is starting",
    "pod_limit": "waiting: all Blenders are in use",
    "rate_limit": "waiting for Claude, which asks us to slow down",
    "overloaded": "waiting for Claude, which is overloaded",
    "connection": "waiting for Claude, which does not answer",
}
# As much of what the model is just saying as the live line has room for.
SAYING_CHARS = 50


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

    def paused(self) -> contextlib.AbstractContextManager[None]:
        """Inside, the terminal is somebody else's: an editor's."""
        ...

    def timings(self, seconds: dict[str, float]) -> None:
        """Where the time went, for `--timings`."""

    def result(self, result: dict[str, Any], folder: Path) -> None:
        """The run has ended; `result` is what `result.json` holds."""

    def problem(self, code: str, message: str) -> None:
        """The run cannot go on; one sentence."""


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
        if event.type == "text.delta":
            return  # the whole text follows
        self._line(event.type, seq=event.seq, **{name: value for name, value in event.data.items() if name != "type"})

    def picture(self, path: Path) -> None:
        self._line("file", path=str(path))

    def paused(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

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
        self._usd: float | None = 0.0
        self._usd_limit: float | None = None
        self._token_limit: int | None = None
        self._wait_until: float | None = None
        self._saying = ""
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
        left_s = max(self._wait_until - self._clock(), 0) if self._wait_until is not None else None
        parts: list[str] = [self._now if left_s is None else f"{self._now}, {left_s:.0f} s"]
        if self._step:
            parts.append(f"step {self._step}")
        parts.append(f"{self._clock() - self._began:.0f} s")
        if self._tokens:
            tokens = tokens_used(self._tokens, self._token_limit, self._usd)
            parts += [tokens, money(self._usd, self._usd_limit)]
        if self._saying:
            parts.append(f"“{self._saying[-SAYING_CHARS:]}”")
        self._spinner.update(text=Text("  ·  ".join(parts), style="cyan"))
        return Padding(self._spinner, (0, 0, 0, 1))

    def note(self, text: str) -> None:
        self._now = text
        if not self._console.is_terminal:
            self._console.print(plain(text), style="dim")

    def job_event(self, event: JobEvent) -> None:
        data = event.data
        if event.type == "text.delta":
            said = " ".join((self._saying + strip_control_codes(str(data["text"]))).split("\n"))
            self._saying = said[-2 * SAYING_CHARS :]
            return
        self._saying, self._wait_until = "", None
        if event.type == "stage":
            self._now = STAGES.get(data["stage"], str(data["stage"]))
        elif event.type == "waiting":
            self._now = WAITS.get(data["reason"], f"waiting: {data['reason']}")
            self._wait_until = self._clock() + data["seconds"] if data.get("seconds") else None
        elif event.type == "progress":
            self._now = f"{data['what']}: {data['done']} of {data['of']}"
        elif event.type == "job.handed_over":
            self._now = "another runner takes over"
        elif event.type == "step.started":
            self._step, self._now = int(data["step"]), str(data["title"])
        elif event.type == "usage":
            usage = data["usage"]
            self._tokens = sum(count for name, count in usage.items() if name.endswith("_tokens"))
            self._usd, self._usd_limit, self._token_limit = usage["usd"], data.get("usd_limit"), data.get("token_limit")
        elif (shown := self._shown(event)) is not None:
            self._console.print(shown)

    def _shown(self, event: JobEvent) -> RenderableType | None:
        """What scrolls by; None: nothing."""
        data = event.data
        if event.type == "text":
            return Padding(plain(data["text"].strip()), (0, 0, 0, 2), style="dim")
        if event.type == "step.finished":
            return self._step_line(data)
        if event.type == "brief":
            return brief_view(data["brief"])
        if event.type == "review":
            return review_view(data["round"], data["verdict"], data.get("kept", ""))
        return None

    def _step_line(self, data: dict[str, Any]) -> Text:
        mark = Text(" ✓ ", style="green") if data["ok"] else Text(" ✗ ", style="red")
        line = mark + Text(f"{data['step']:>2}  ", style="dim") + plain(data["title"])
        told = data["changed"] if data["ok"] else data["error"] or "failed"
        return line + Text(f"  {data['seconds']:.1f} s  ", style="dim") + plain(told).append("", style="dim")

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        was_live = self._live.is_started
        self._live.stop()
        try:
            yield
        finally:
            if was_live:
                self._live.start()

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
