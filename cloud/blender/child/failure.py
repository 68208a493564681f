"""What went wrong in a step, in terms of the user's own code: the line, its text, and how it came there."""

import traceback
from dataclasses import dataclass, field
from typing import Any

from cloud.blender.child.hints import hint_for

_SOURCE_CHARS = 200
_MESSAGE_CHARS = 2_000
_TRACE_FRAMES = 8


@dataclass(frozen=True)
class Failure:
    """An exception of the user's code, without a reference to it or to what it holds."""

    kind: str
    message: str
    line: int | None
    source: str
    trace: list[dict[str, Any]] = field(default_factory=list)
    """Calls within the user's code, outermost first, the failing line last: `line`, `function`, `source`."""
    hint: str = ""

    def structured(self) -> dict[str, Any]:
        """The failure as data."""
        return {
            "type": self.kind,
            "message": self.message,
            "line": self.line,
            "source": self.source,
            "trace": self.trace,
            "hint": self.hint,
        }

    def text(self) -> str:
        """The failure in words for the model: where, by which calls, what, and how to mend it."""
        place = f" at line {self.line}: `{self.source}`" if self.line else ""
        calls = [
            f"\n  in {call['function']}, called at line {before['line']}: `{before['source']}`"
            for before, call in reversed(list(zip(self.trace, self.trace[1:], strict=False)))
        ]
        hint = f"\nHint: {self.hint}" if self.hint else ""
        return f"{self.kind}{place}{''.join(calls)}\n{self.message}{hint}"


def describe_failure(error: BaseException, code: str, filename: str) -> Failure:
    """The exception that ended the code, which was compiled under `filename`."""
    lines = _Lines(code)
    found = [
        (number, frame.f_code.co_name)
        for frame, number in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename == filename
    ]
    if isinstance(error, SyntaxError) and error.filename == filename and error.lineno:
        found.append((error.lineno, "<module>"))
    shown = found if len(found) <= _TRACE_FRAMES else [*found[: _TRACE_FRAMES // 2], *found[-_TRACE_FRAMES // 2 :]]
    trace = [{"line": number, "function": name, "source": lines[number]} for number, name in shown]
    line = found[-1][0] if found else None
    source = lines[line] if line else ""
    return Failure(_kind(error), _message(error), line, source, trace, _hint(error, source, filename))


class _Lines:
    def __init__(self, code: str) -> None:
        self._lines = code.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def __getitem__(self, number: int) -> str:
        """The line's text (1 is the first), cut; empty where there is none."""
        return self._lines[number - 1].strip()[:_SOURCE_CHARS] if 0 < number <= len(self._lines) else ""


def _kind(error: BaseException) -> str:
    return str(type(error).__name__)[:_SOURCE_CHARS]


def _message(error: BaseException) -> str:
    try:
        text = _own_words(error)
    except BaseException:  # noqa: BLE001 - the exception's class is the step's own
        return "(the error has no readable text)"
    return text.strip()[:_MESSAGE_CHARS]


def _own_words(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"The script ended itself with {error.code!r}."
    text = str(error.msg if isinstance(error, SyntaxError) else error)
    if isinstance(error, BaseExceptionGroup):
        inner = "; ".join(f"{type(part).__name__}: {part}" for part in error.exceptions[:4])
        text = f"{text}: {inner}"
    if error.__cause__ is not None:
        text += f"\ncaused by {type(error.__cause__).__name__}: {error.__cause__}"
    return text


def _hint(error: BaseException, source: str, filename: str) -> str:
    try:
        return hint_for(error, source, filename)
    except Exception:  # noqa: BLE001 - it reads objects of the step's own classes, and a hint is an extra
        return ""
