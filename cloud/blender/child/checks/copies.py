"""What is said of many of a kind: one finding for all of a scatter that are alike in their fault."""

from collections import Counter
from collections.abc import Iterable, Sequence

from cloud.blender.child.checks.finding import Finding, Severity, length
from cloud.blender.child.checks.limits import SCATTERED_COPIES
from cloud.blender.child.wording import cut, span, stem


def folded_scatters(findings: Sequence[Finding], names: Iterable[str], ground: str) -> list[Finding]:
    """The findings, with one instead of many where several of a scatter (tufts, stones) lie in the ground alike.

    `names` are those of all things: a scatter is many whose names differ by their number alone.
    """
    kinds = Counter(stem(name) for name in names)
    rest: list[Finding] = []
    alike: dict[tuple[str, Severity], list[Finding]] = {}
    for finding in findings:
        kind = stem(finding.object)
        if finding.kind == "below_ground" and kinds[kind] >= SCATTERED_COPIES:
            alike.setdefault((kind, finding.severity), []).append(finding)
        else:
            rest.append(finding)
    for (kind, severity), group in alike.items():
        rest += group if len(group) == 1 else [_one_for_all(group, kinds[kind], severity, ground)]
    return rest


def _one_for_all(group: Sequence[Finding], of: int, severity: Severity, ground: str) -> Finding:
    depths = [finding.value or 0.0 for finding in group]
    low, high = length(min(depths)), length(max(depths))
    deep = low if low == high else f"{low} to {high}"
    names = sorted(finding.object for finding in group)
    all_or_some = f"all {of}" if len(group) == of else f"{len(group)} of {of}"
    told = f"{cut(names[0])} and {cut(names[1])}" if len(names) == 2 else span(names).rpartition(" (")[0]
    mend = "raise them by that" + ("" if severity == "warning" else " unless they are meant to be sunk")
    message = f"{told} ({all_or_some}) lie {deep} below the surface of {ground}: {mend}."
    worst = max(group, key=lambda finding: finding.value or 0.0)
    return Finding("below_ground", severity, worst.object, message, count=len(group), value=max(depths), unit="m")
