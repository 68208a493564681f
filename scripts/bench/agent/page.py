"""The pieces of a report: one HTML file that needs nothing besides itself. Everything is escaped here."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from PIL import Image, UnidentifiedImageError

_ROW_PX, _LABEL_PX, _BAR_PX, _VALUE_PX = 22, 170, 280, 150
_LABEL_CHARS = 24


@dataclass(frozen=True)
class Bar:
    """One bar. `spread` draws a line from one value to another over it; `second`: in the other colour."""

    label: str
    value: float
    said: str
    spread: tuple[float, float] | None = None
    second: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell of a table: its HTML, and what it is sorted by."""

    html: str
    value: float | str | None = None
    css: str = ""


def page(title: str, subtitle: str, parts: Sequence[str]) -> str:
    """The whole file."""
    here = Path(__file__).parent
    css, script = ((here / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{css}</style></head>'
        f'<body><h1>{escape(title)}</h1><p class="sub">{escape(subtitle)}</p>{"".join(parts)}'
        f"<script>{script}</script></body></html>\n"
    )


def cards(figures: Sequence[tuple[str, str, str]]) -> str:
    """Summary cards: what, the figure, and a word on it."""
    made = (
        f'<div class="card"><span>{escape(what)}</span><b>{escape(figure)}</b><span>{escape(note)}</span></div>'
        for what, figure, note in figures
    )
    return f'<div class="cards">{"".join(made)}</div>'


def plot(title: str, bars: Sequence[Bar]) -> str:
    """Horizontal bars as an inline SVG."""
    top = max([0.0, *(part for bar in bars for part in (bar.value, *(bar.spread or ())))]) or 1.0
    rows = "".join(_bar(bar, number, top) for number, bar in enumerate(bars))
    width, height = _LABEL_PX + _BAR_PX + _VALUE_PX, max(1, len(bars)) * _ROW_PX
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">{rows}</svg></figure>'
    )


def plots(made: Sequence[str]) -> str:
    """The plots beside each other."""
    return f'<div class="plots">{"".join(made)}</div>'


def table(heads: Sequence[str], rows: Sequence[Sequence[Cell]], *, sortable: bool = True) -> str:
    """A table, which sorts by a click on a head."""
    named = (f"<th><button>{escape(head)}</button></th>" if sortable else f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
    css = ' class="sortable"' if sortable else ""
    return f'<div class="wide"><table{css}><thead><tr>{"".join(named)}</tr></thead><tbody>{body}</tbody></table></div>'


def number(value: float | None, said: str | None = None) -> Cell:
    """A number, or a dash."""
    if value is None:
        return Cell('<span class="dim">–</span>', "", "n")
    return Cell(escape(said if said is not None else f"{value:,}"), value, "n")


def folded(head: str, items: Sequence[str], css: str = "") -> str:
    """A line that opens to a list."""
    if not items:
        return f'<span class="{css}">{escape(head)}</span>'
    inner = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f'<details><summary class="{css}">{escape(head)}</summary><ul>{inner}</ul></details>'


def thumbnail(file: Path, width_px: int, css: str) -> str:
    """The picture as a small WebP in the page; "" where there is none that can be read."""
    try:
        with Image.open(file) as picture:
            small = picture.convert("RGB")
            small.thumbnail((width_px, width_px * 2))
            packed = io.BytesIO()
            small.save(packed, "WEBP", quality=72)
    except (OSError, UnidentifiedImageError):
        return ""
    data = base64.b64encode(packed.getvalue()).decode()
    return f'<img class="{css}" loading="lazy" alt="" src="data:image/webp;base64,{data}">'


def _bar(bar: Bar, number: int, top: float) -> str:
    y, scale = number * _ROW_PX, _BAR_PX / top
    length = max(bar.value * scale, 0.0)
    label = bar.label if len(bar.label) <= _LABEL_CHARS else bar.label[: _LABEL_CHARS - 1] + "…"
    drawn = (
        f'<text x="{_LABEL_PX - 8}" y="{y + 15}" text-anchor="end">{escape(label)}</text>'
        f'<rect class="bar{" second" if bar.second else ""}" x="{_LABEL_PX}" y="{y + 4}" rx="3" '
        f'width="{length:.1f}" height="{_ROW_PX - 8}"/>'
    )
    end = length
    if bar.spread is not None:
        low, high = (_LABEL_PX + part * scale for part in bar.spread)
        middle, end = y + _ROW_PX / 2, max(length, bar.spread[1] * scale)
        drawn += f'<line class="range" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>'
    return drawn + f'<text class="dim" x="{_LABEL_PX + end + 6:.1f}" y="{y + 15}">{escape(bar.said)}</text>'


def _cell(cell: Cell) -> str:
    value = "" if cell.value is None else f' data-v="{escape(str(cell.value))}"'
    css = f' class="{cell.css}"' if cell.css else ""
    return f"<td{css}{value}>{cell.html}</td>"
