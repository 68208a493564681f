"""Two runs side by side: what differs, and how sure one can be of it."""

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from scripts.bench.agent.page import Bar, Cell, cards, number, page, plot, plots, table
from scripts.bench.agent.stats import Record, Share, check_share, difference, measured, quartiles, success_share

Run = tuple[Path, Sequence[Record]]


class Figure(NamedTuple):
    """A figure of one record, and how it is written."""

    name: str
    of: Callable[[Record], float | None]
    said: Callable[[float], str]


_FIGURES = (
    Figure("Cost, $", lambda r: r["usd"], lambda v: f"{v:.4f}"),
    Figure("Steps", lambda r: r["steps"], lambda v: f"{v:.1f}"),
    Figure("Failed steps", lambda r: r["failed_steps"], lambda v: f"{v:.1f}"),
    Figure("Model calls", lambda r: r["model_calls"], lambda v: f"{v:.1f}"),
    Figure("Seconds", lambda r: r["seconds"], lambda v: f"{v:.1f}"),
    Figure("Geometry errors", lambda r: r["check"]["errors"] if r.get("check") else None, lambda v: f"{v:.1f}"),
    Figure("Judge's score", lambda r: (r.get("judge") or {}).get("score"), lambda v: f"{v:.2f}"),
)


def write_comparison(folder: Path, first: Run, second: Run) -> dict[str, Any]:
    """Write `comparison.html` and say the same in figures. Prompts are the same where their ids are."""
    pairs = _pairs(first[1], second[1])
    shares = success_share(first[1]), success_share(second[1])
    both = success_share(a for a, _ in pairs), success_share(b for _, b in pairs)
    names = _names(first[0], second[0])
    parts = [
        cards(_cards(shares, names, len(pairs))),
        f"<h2>All figures, medians of the prompts that both runs measured (n = {len(pairs)})</h2>",
        table(("Figure", f"A: {names[0]}", f"B: {names[1]}", "B less A"), _figure_rows(pairs, both), sortable=False),
        "<h2>Success by run, with 95 % intervals</h2>",
        plots([plot("Success", _bars(shares, names))]),
        "<h2>Prompt by prompt</h2>",
        table(("Prompt", "A", "B", "Cost A", "Cost B", "Steps A", "Steps B", "Seconds A", "Seconds B"), _rows(pairs)),
    ]
    file = folder / "comparison.html"
    counts = f"A: {first[0]} ({len(first[1])} records); B: {second[0]} ({len(second[1])} records)"
    subtitle = f"{counts}. Intervals as of independent samples."
    file.write_text(page("Two evaluations of the agent", subtitle, parts), encoding="utf-8")
    return _summary(first[1], second[1], pairs, both) | {"report": str(file)}


def _pairs(first: Sequence[Record], second: Sequence[Record]) -> list[tuple[Record, Record]]:
    by_id = {record["id"]: record for record in measured(second)}
    return [(record, by_id[record["id"]]) for record in measured(first) if record["id"] in by_id]


def _summary(
    first: Sequence[Record], second: Sequence[Record], pairs: Sequence[tuple[Record, Record]], both: tuple[Share, Share]
) -> dict[str, Any]:
    delta = difference(*both)
    shares = [success_share(records) for records in (first, second)]
    return {
        "n": [share.n for share in shares],
        "n_both": len(pairs),
        "success": [share.hits for share in shares],
        "success_interval": [[round(part, 4) for part in share.interval] for share in shares],
        "success_both": [share.hits for share in both],
        "success_difference": None if delta is None else [round(part, 4) for part in delta],
        "only_a": sum(a["success"] and not b["success"] for a, b in pairs),
        "only_b": sum(b["success"] and not a["success"] for a, b in pairs),
        "medians": {figure.name: _medians(figure, pairs) for figure in _FIGURES},
    }


def _medians(figure: Figure, pairs: Sequence[tuple[Record, Record]]) -> list[float] | None:
    """Of the pairs in which both records have the figure; None where there is none."""
    kept = [(a, b) for a, b in pairs if figure.of(a) is not None and figure.of(b) is not None]
    found = [quartiles([pair[side] for pair in kept], figure.of) for side in (0, 1)]
    return [quarters[1] for quarters in found if quarters] if all(found) else None


def _cards(shares: tuple[Share, Share], names: tuple[str, str], paired: int) -> list[tuple[str, str, str]]:
    figures = []
    for letter, share, name in zip("AB", shares, names, strict=True):
        low, high = share.interval
        said = "–" if share.value is None else f"{share.value:.0%}"
        figures.append(
            (f"Success of {letter}: {name}", said, f"{share.hits} of {share.n}; 95 %: {low:.0%} to {high:.0%}")
        )
    return [*figures, ("Prompts in both", str(paired), "what is compared prompt by prompt")]


def _figure_rows(pairs: Sequence[tuple[Record, Record]], both: tuple[Share, Share]) -> list[list[Cell]]:
    rows = [_share_row("Success", both)]
    rows.append(_share_row("File as asked", (check_share(a for a, _ in pairs), check_share(b for _, b in pairs))))
    for figure in _FIGURES:
        medians = _medians(figure, pairs)
        if medians is None:
            rows.append([Cell(escape(figure.name)), number(None), number(None), number(None)])
            continue
        a, b = medians
        told = [number(value, figure.said(value)) for value in (a, b)]
        sign = "+" if b > a else "−" if b < a else "±"
        rows.append([Cell(escape(figure.name)), *told, number(b - a, f"{sign}{figure.said(abs(b - a))}")])
    return rows


def _share_row(name: str, shares: tuple[Share, Share]) -> list[Cell]:
    delta = difference(*shares)
    if delta is None:
        return [Cell(name), *(Cell(escape(str(share)), css="n") for share in shares), number(None)]
    middle, low, high = (100 * part for part in delta)
    sure = "" if low > 0 or high < 0 else "; may be chance"
    said = f"{middle:+.0f} points (95 %: {low:+.0f} to {high:+.0f}{sure})"
    return [Cell(name), *(Cell(escape(str(share)), css="n") for share in shares), Cell(escape(said), css="n")]


def _rows(pairs: Sequence[tuple[Record, Record]]) -> list[list[Cell]]:
    rows = []
    for a, b in pairs:
        marks = [_mark(record) for record in (a, b)]
        figures = [
            number(record[key], f"{record[key]:.{digits}f}")
            for key, digits in (("usd", 4), ("steps", 0), ("seconds", 1))
            for record in (a, b)
        ]
        rows.append([Cell(escape(a["name"]), a["name"]), *marks, *figures])
    return rows


def _mark(record: Record) -> Cell:
    if record["success"]:
        return Cell('<span class="good">✓</span>', 0)
    code = (record["error"] or {}).get("code") or record["outcome"]
    return Cell(f'<span class="bad">✗ {escape(str(code))}</span>', 1)


def _bars(shares: tuple[Share, Share], names: tuple[str, str]) -> list[Bar]:
    return [
        Bar(f"{letter}: {name}", share.value, f"{share.hits} of {share.n}", share.interval, second=letter == "B")
        for letter, share, name in zip("AB", shares, names, strict=True)
        if share.value is not None
    ]


def _names(first: Path, second: Path) -> tuple[str, str]:
    """What tells the two apart: their folders where they are results of runs."""
    short = [(path.parent if path.name == "results.jsonl" else path).name or "here" for path in (first, second)]
    return (short[0], short[1]) if short[0] != short[1] else (str(first), str(second))
