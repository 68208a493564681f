"""How facts are put into words in the panel. No Blender here."""

import datetime as dt

from ..core.types import BriefPart, Card, JobResult, Usage


def duration(seconds: float) -> str:
    """`0:07`, `12:30`, `1:02:03`."""
    minutes, rest = divmod(int(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 object`, `1,204 triangles`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def file_size(count_bytes: float) -> str:
    """`812 B`, `1.4 MB`."""
    size = float(count_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def money(amount_usd: float | None, of_usd: float | None = None) -> str:
    """`$0.42`, `$0.42 of $5.00`, or that nobody knows the price."""
    if amount_usd is None:
        return "price unknown"
    return f"${amount_usd:.2f}" + (f" of ${of_usd:.2f}" if of_usd else "")


def spent(usage: Usage, limit_usd: float | None = None) -> str:
    """What a job has used: `12,304 tokens · $0.42 of $5.00`; empty where nothing has been used."""
    if not usage.tokens:
        return ""
    return f"{count(usage.tokens, 'token')} · {money(usage.usd, limit_usd)}"


def made(result: JobResult) -> str:
    """`4 objects · 3,204 triangles`."""
    return f"{count(result.objects, 'object')} · {count(result.triangles, 'triangle')}"


def card_line(card: Card) -> str:
    """What a project's card says below its name."""
    if card.state == "busy":
        return "A job is at work"
    if card.objects is None:
        return "Empty" if card.head_snapshot_id is None else ""
    return count(card.objects, "object")


def part_line(part: BriefPart) -> str:
    """`4 × Leg · 0.04 × 0.04 × 0.44 m`."""
    name = f"{part.count} × {part.name}" if part.count > 1 else part.name
    return f"{name or 'Part'} · {' × '.join(f'{length:.3g}' for length in part.size_m)} m"


def ago(iso: str, now: dt.datetime) -> str:
    """How long ago, roughly: `just now`, `5 min ago`, `2026-11-22`. Empty where the server sent no time."""
    try:
        then = dt.datetime.fromisoformat(iso)
        passed = (now - then).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return ""
    if passed < 60:
        return "just now"
    if passed < 3600:
        return f"{int(passed // 60)} min ago"
    if passed < 86400:
        return f"{int(passed // 3600)} h ago"
    return then.date().isoformat()
