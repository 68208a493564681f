"""Breaks sentences into lines, for Blender's labels neither wrap nor shrink. No Blender here."""

from collections.abc import Callable

Measure = Callable[[str], float]
"""How wide a text is drawn, in pixels."""


def wrapped(text: str, width_px: float, measure: Measure, most_lines: int = 40) -> list[str]:
    """`text` in lines no wider than `width_px`; line ends in it stay, and a word that is too long is cut.

    More than `most_lines` end with an ellipsis. An empty text has no lines.
    """
    lines: list[str] = []
    for paragraph in text.splitlines():
        lines += _lines(paragraph.split(), width_px, measure)
        if len(lines) > most_lines:
            break
    if len(lines) > most_lines:
        lines = [*lines[: most_lines - 1], shortened(lines[most_lines - 1] + " …", width_px, measure)]
    return lines


def shortened(text: str, width_px: float, measure: Measure) -> str:
    """`text` on one line, its end cut off where it is too wide."""
    line = " ".join(text.split())
    return line if measure(line) <= width_px else _fitted(line, width_px, measure)


def _lines(words: list[str], width_px: float, measure: Measure) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in words:
        longer = f"{line} {word}" if line else word
        if measure(longer) <= width_px:
            line = longer
            continue
        if line:
            lines.append(line)
        *whole, line = _pieces(word, width_px, measure)
        lines += whole
    return [*lines, line] if line else lines


def _pieces(word: str, width_px: float, measure: Measure) -> list[str]:
    """A word that may be wider than a line, in pieces that are not."""
    pieces: list[str] = []
    while len(word) > 1 and measure(word) > width_px:
        count = _longest(word, width_px, measure)
        pieces.append(word[:count])
        word = word[count:]
    return [*pieces, word]


def _longest(text: str, width_px: float, measure: Measure) -> int:
    """How many characters fit, at least one."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle]) <= width_px else (low, middle - 1)
    return low


def _fitted(line: str, width_px: float, measure: Measure) -> str:
    """The beginning of `line` with an ellipsis, as much of it as fits."""
    room_px = width_px - measure("…")
    return line[: _longest(line, room_px, measure)].rstrip(" …") + "…"
