"""A fault that was found, and the report that all of them make."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cloud.blender.child.checks.limits import FINDINGS_AT_MOST, TEXT_AT_MOST_CHARS
from cloud.blender.child.wording import cut, folded, listed

Severity = Literal["error", "warning", "note"]

KINDS = (
    "invalid_geometry",
    "flipped_normals",
    "floating",
    "hovering",
    "below_ground",
    "interpenetration",
    "inconsistent_normals",
    "non_manifold_edges",
    "boundary_edges",
    "self_intersection",
    "zero_area_faces",
    "duplicate_vertices",
    "loose_geometry",
    "stray",
    "scale_outlier",
    "missing_material",
    "over_budget",
    "unapplied_scale",
)
_ORDER = {"error": 0, "warning": 1, "note": 2}
_NAMED_AT_MOST = 8
_NOTES_AT_MOST = 1
_NAMED_IN_NOTES_AT_MOST = 4
_NAMED_WITH_ONE = 4
_NO_LENGTH_M = 1e-7  # below what Blender's numbers hold


@dataclass(frozen=True)
class Finding:
    """One fault of one object. `message` is a sentence with the object, the number and the usual mend."""

    kind: str
    severity: Severity
    object: str
    message: str
    other: str = ""
    count: int | None = None
    value: float | None = None
    unit: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON; what does not apply is absent."""
        entry: dict[str, Any] = {"kind": self.kind, "severity": self.severity, "object": self.object}
        if self.other:
            entry["other"] = self.other
        if self.count is not None:
            entry["count"] = int(self.count)
        if self.value is not None:
            value = 0.0 if self.unit == "m" and abs(self.value) < _NO_LENGTH_M else self.value
            entry |= {"value": float(f"{value:.5g}"), "unit": self.unit}
        return entry | {"message": self.message}


def length(metres: float) -> str:
    """A length in the unit that reads best: `3.2 mm`, `0.25 m`."""
    if abs(metres) < _NO_LENGTH_M:
        return "0 m"
    if metres < 0.0095:
        return f"{1000 * metres:.3g} mm"
    return f"{metres:.3g} m"


def sorted_findings(findings: Sequence[Finding]) -> list[Finding]:
    """The worst first, then by kind, the largest number first within a kind."""
    return sorted(
        findings, key=lambda f: (_ORDER[f.severity], KINDS.index(f.kind), -(f.value or f.count or 0), f.object)
    )


def as_structured(findings: Sequence[Finding]) -> dict[str, Any]:
    """`ok`, `findings` (capped) and `counts` of all."""
    return {
        "ok": all(finding.severity == "note" for finding in findings),
        "findings": [finding.as_dict() for finding in findings[:FINDINGS_AT_MOST]],
        "counts": dict(Counter(finding.kind for finding in findings)),
    }


def as_text(findings: Sequence[Finding], head: str, tail: Sequence[str]) -> str:
    """The report in words, within its size: as many sentences a kind as fit, then names, then counts."""
    for sentences in (6, 4, 3, 2, 1):
        text = "\n".join([head, *_lines(findings, sentences), *tail])
        if len(text) <= TEXT_AT_MOST_CHARS:
            return text
    return text[:TEXT_AT_MOST_CHARS] + " …"


def _lines(findings: Sequence[Finding], sentences: int) -> list[str]:
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.severity, finding.kind), []).append(finding)
    lines = []
    for (severity, kind), group in groups.items():
        told, named = (_NOTES_AT_MOST, _NAMED_IN_NOTES_AT_MOST) if severity == "note" else (sentences, _NAMED_AT_MOST)
        lines.append(f"{severity} {kind}" + (f" ({len(group)})" if len(group) > 1 else ""))
        lines += [f"- {finding.message[:240]}" for finding in group[:told]]
        rest = _told_pairs(group[told:])
        if rest:
            more = f" and {len(rest) - named} more" if len(rest) > named else ""
            numbers = _range(group[told:])
            lines.append(f"- likewise{numbers and f' ({numbers}):'} {', '.join(rest[:named])}{more}")
    return lines


def _range(findings: Sequence[Finding]) -> str:
    """From the least of their numbers to the largest; "" where some have none, or of another unit."""
    given = (finding.count if finding.value is None else finding.value for finding in findings)
    numbers = sorted(number for number in given if number is not None)
    units = {finding.unit for finding in findings}
    if len(numbers) < len(findings) or len(units) > 1:
        return ""
    [unit] = units
    least, most = (
        length(number) if unit == "m" else f"{number:.3g} {unit}".strip() for number in (numbers[0], numbers[-1])
    )
    if least == most:
        return most
    value, _, its_unit = least.rpartition(" ")
    return f"{value if value and most.endswith(f' {its_unit}') else least} to {most}"


def _told_pairs(findings: Sequence[Finding]) -> list[str]:
    """Who else has the fault: names that differ by their number together, each with its partner where it has one."""
    by_partner: dict[str, list[str]] = {}
    for finding in findings:
        partner = finding.other if finding.kind == "interpenetration" else ""
        by_partner.setdefault(partner, []).append(finding.object)
    told: list[str] = []
    for partner, names in by_partner.items():
        each = dict.fromkeys(names)
        told += [f"{listed(each, _NAMED_WITH_ONE)} with {cut(partner, 40)}"] if partner else folded(each)
    return told
