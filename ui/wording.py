"""How facts are put into words on the screen. No Streamlit here."""

import datetime as dt
import re

_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")
_MARKS = re.compile(r"[*_`~<>$:#|!\[\]\\]")


def plain(text: str) -> str:
    """`text` for a place that reads Markdown: shown as it is, on one line. Users' and models' words are no markup.

    Only a bare web address still becomes a link, as Streamlit makes one of each.
    """
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def unmarked(text: str) -> str:
    """`text` for a field's label, whose words screen readers get as they are: what could be markup is left out."""
    return " ".join(_MARKS.sub(" ", text).split())


def shortened(text: str, limit_chars: int) -> str:
    """The beginning of `text` on one line, ended at a word where that loses little."""
    line = " ".join(text.split())
    if len(line) <= limit_chars:
        return line
    cut = line[: limit_chars - 1]
    at_word = cut.rsplit(" ", 1)[0]
    return (at_word if len(at_word) > limit_chars // 2 else cut) + "…"


def file_size(count_bytes: int) -> str:
    """Bytes as people read them: `812 B`, `1.4 MB`."""
    size = float(count_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def binary_size(count_bytes: float) -> str:
    """The same in the units that limits of storage have: `812 bytes`, `1.4 MiB`, `20.0 GiB`."""
    size = float(count_bytes)
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def duration(seconds: float) -> str:
    """`0:07`, `12:30`, `1:02:03`."""
    minutes, rest = divmod(int(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 object`, `1,204 triangles`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def moment(iso: str) -> dt.datetime:
    """A time of the API."""
    return dt.datetime.fromisoformat(iso)


def ago(iso: str, now: dt.datetime | None = None) -> str:
    """How long ago, roughly: `just now`, `5 minutes ago`, `2026-11-22`."""
    then = moment(iso)
    passed = ((now or dt.datetime.now(dt.UTC)) - then).total_seconds()
    if passed < 60:
        return "just now"
    if passed < 3600:
        return f"{count(int(passed // 60), 'minute')} ago"
    if passed < 86400:
        return f"{count(int(passed // 3600), 'hour')} ago"
    return then.date().isoformat()
