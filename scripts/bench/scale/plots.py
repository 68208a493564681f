"""A course as a picture: pods over the day, and what users waited for one. SVG by hand, PNG with Pillow's own drawing.

One list of shapes is made, and written in both ways, so that the two are the same picture.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log10
from pathlib import Path
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont

from scripts.bench.scale.trial import Ran

_WIDTH, _PANEL, _GAP = 960, 230, 46
_LEFT, _RIGHT, _TOP = 62, 16, 54
_INK, _GRID = "#24292f", "#d8dee4"
_LEVELS = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)

Point = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """A line, a filled area, dots or words. Pixels from the top left."""

    kind: str
    points: tuple[Point, ...]
    colour: str
    text: str = ""
    anchor: str = "start"


def draw(file: Path, title: str, follows: Ran, fixed: Ran) -> None:
    """Write `file` with the suffixes `.svg` and `.png`."""
    hours = max(sample.at_s for sample in follows.course.samples) / 3600.0
    shapes = [Shape("text", ((_LEFT, 22.0),), _INK, title)]
    shapes += _panel(0, "pods, with a pool that follows", hours, _pods(follows), _most_pods(follows))
    shapes += _panel(1, "spares", hours, _spares(follows, fixed), _most_spares(follows, fixed))
    shapes += _waits(2, hours, follows)
    height = _TOP + 3 * (_PANEL + _GAP)
    file.with_suffix(".svg").write_text(_svg(shapes, height))
    _png(shapes, height).save(file.with_suffix(".png"), optimize=True)


Series = tuple[str, str, str, Sequence[Point]]


def _pods(ran: Ran) -> list[Series]:
    """Areas, one above the other: at work, idle but kept for their user, spares."""
    samples = ran.course.samples
    return [
        ("area", "#9ecae1", "spares", [(s.at_s, s.busy + s.idle + s.warm_ready + s.warm_coming) for s in samples]),
        ("area", "#fdd49e", "kept for their user, idle", [(s.at_s, s.busy + s.idle) for s in samples]),
        ("area", "#2c7fb8", "at work", [(s.at_s, s.busy) for s in samples]),
    ]


def _spares(follows: Ran, fixed: Ran) -> list[Series]:
    return [
        (
            "line",
            "#9ecae1",
            "follows: with those that start",
            [(s.at_s, s.warm_ready + s.warm_coming) for s in follows.course.samples],
        ),
        ("line", "#08519c", "follows: ready", [(s.at_s, s.warm_ready) for s in follows.course.samples]),
        (
            "line",
            "#d94801",
            f"fixed ({fixed.pool.least}): ready",
            [(s.at_s, s.warm_ready) for s in fixed.course.samples],
        ),
    ]


def _most_pods(ran: Ran) -> float:
    return max(s.busy + s.idle + s.warm_ready + s.warm_coming for s in ran.course.samples)


def _most_spares(*runs: Ran) -> float:
    return max(s.warm_ready + s.warm_coming for ran in runs for s in ran.course.samples)


def _panel(place: int, title: str, hours: float, series: list[Series], most: float) -> list[Shape]:
    top = _TOP + place * (_PANEL + _GAP)
    step = _step(most)
    most = max(step * (int(most / step) + 1), step)
    x, y = _across(hours), lambda value: top + _PANEL * (1 - value / most)
    shapes = _frame(top, title, hours, x)
    for count in range(int(most / step) + 1):
        value = count * step
        shapes.append(Shape("line", ((_LEFT, y(value)), (_WIDTH - _RIGHT, y(value))), _GRID))
        shapes.append(Shape("text", ((_LEFT - 6, y(value) + 4),), _INK, f"{value:g}", "end"))
    for number, (kind, colour, name, points) in enumerate(series):
        places = tuple((x(at), y(value)) for at, value in points)
        if kind == "area":
            places = ((places[0][0], y(0)), *places, (places[-1][0], y(0)))
        shapes.append(Shape(kind, places, colour))
        left = _WIDTH - _RIGHT - 500 + 175 * number
        corners = ((left, top - 18), (left + 10, top - 18), (left + 10, top - 8), (left, top - 8))
        shapes.append(Shape("area", corners, colour))
        shapes.append(Shape("text", ((left + 15, top - 8),), _INK, name))
    return shapes


def _waits(place: int, hours: float, ran: Ran) -> list[Shape]:
    """Each `acquire` that gave another pod, as a dot, on a logarithmic scale."""
    top = _TOP + place * (_PANEL + _GAP)
    x = _across(hours)
    low, high = log10(_LEVELS[0]), log10(_LEVELS[-1])

    def y(value: float) -> float:
        return top + _PANEL * (1 - (log10(min(max(value, _LEVELS[0]), _LEVELS[-1])) - low) / (high - low))

    waits = [wait for wait in ran.course.waits if wait.is_new and wait.at_s <= hours * 3600]
    figures = ran.outcome.figures["new_pod_wait_s"]
    title = f"seconds that users waited for a pod (p50 {figures['p50']}, p95 {figures['p95']}, p99 {figures['p99']})"
    shapes = _frame(top, title, hours, x)
    for level in _LEVELS:
        shapes.append(Shape("line", ((_LEFT, y(level)), (_WIDTH - _RIGHT, y(level))), _GRID))
        shapes.append(Shape("text", ((_LEFT - 6, y(level) + 4),), _INK, f"{level:g}", "end"))
    shapes.append(Shape("dots", tuple((x(wait.at_s), y(wait.wait_s)) for wait in waits), "#d94801"))
    return shapes


def _across(hours: float) -> Callable[[float], float]:
    return lambda at_s: _LEFT + (_WIDTH - _LEFT - _RIGHT) * at_s / 3600.0 / hours


def _frame(top: float, title: str, hours: float, x: Callable[[float], float]) -> list[Shape]:
    shapes = [Shape("text", ((_LEFT, top - 8),), _INK, title)]
    step = 0.5 if hours <= 4 else 1
    for number in range(int(hours / step + 0.01) + 1):
        at = number * step
        shapes.append(Shape("line", ((x(at * 3600), top), (x(at * 3600), top + _PANEL)), _GRID))
        shapes.append(Shape("text", ((x(at * 3600), top + _PANEL + 15),), _INK, f"{at:g} h", "middle"))
    return shapes


def _step(most: float) -> float:
    """A round distance of lines, so that there are four to ten of them."""
    step = 1.0
    for factor in (2, 2.5, 2) * 6:
        if most / step <= 8:
            break
        step *= factor
    return step


def _svg(shapes: Sequence[Shape], height: int) -> str:
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}"',
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
    ]
    for shape in shapes:
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
        if shape.kind == "text":
            (x, y) = shape.points[0]
            words = f'<text x="{x:.1f}" y="{y:.1f}" fill="{shape.colour}" text-anchor="{shape.anchor}">'
            parts.append(f"{words}{escape(shape.text)}</text>")
        elif shape.kind == "area":
            parts.append(f'<polygon points="{places}" fill="{shape.colour}"/>')
        elif shape.kind == "dots":
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.5" fill="{shape.colour}"/>' for x, y in shape.points]
        else:
            parts.append(f'<polyline points="{places}" fill="none" stroke="{shape.colour}"/>')
    return "\n".join([*parts, "</svg>", ""])


def _png(shapes: Sequence[Shape], height: int) -> Image.Image:
    picture = Image.new("RGB", (_WIDTH, height), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(12)
    anchors = {"start": "ls", "middle": "ms", "end": "rs"}
    for shape in shapes:
        if shape.kind == "text":
            pen.text(shape.points[0], shape.text, fill=shape.colour, font=font, anchor=anchors[shape.anchor])
        elif shape.kind == "area":
            pen.polygon(shape.points, fill=shape.colour)
        elif shape.kind == "dots":
            for x, y in shape.points:
                pen.ellipse((x - 1.5, y - 1.5, x + 1.5, y + 1.5), fill=shape.colour)
        else:
            pen.line(shape.points, fill=shape.colour)
    return picture
