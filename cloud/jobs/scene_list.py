"""A large scene in few words for the first turn of an edit: what the request names, then what carries the rest."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cloud.jobs.review.parts import HOW_TO_READ, first_that_fit, fold, fold_line

Facts = Mapping[str, Any]

_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST_WORD = 3
_MORE = "more: `inspect` lists them"


def scene_list(objects: Sequence[Facts], heading: str, request: str, limit_bytes: int) -> str:
    """The heading, and as many objects as fit: those that the request names, the best named first, then the roots of
    the rest, then their children, the largest first. Alike ones are one line; the last line says how many are missing.
    """
    asked = _stems(request)
    ranks = {entry["name"]: (_namedness(entry["name"], asked, request), not entry.get("parent")) for entry in objects}
    groups, lines = [], []
    for rank in sorted(set(ranks.values()), reverse=True):
        for group in fold([entry for entry in objects if ranks[entry["name"]] == rank]):
            groups.append(group)
            lines.append(fold_line(group, with_materials=True, with_place=True))
    head = f"{heading}\n{HOW_TO_READ}"
    return "\n".join([head, *first_that_fit(lines, groups, limit_bytes - len(head.encode()) - 1, _MORE)])


def _namedness(name: str, asked: set[str], request: str) -> float:
    """How well the request names it: 0 not at all, 2 by its whole name, between them by some of its words."""
    plain = name.casefold().strip()
    if len(plain) >= _SHORTEST_WORD and plain in request.casefold():
        return 2.0
    words = _stems(name)
    return len(words & asked) / len(words) if words else 0.0


def _stems(text: str) -> set[str]:
    """The words of three letters or more in one form: `Legs`, `leg` and `LEG` alike, `Shelves` and `shelf` too."""
    return {_stem(word.casefold()) for word in _WORD.findall(_split_humps(text)) if len(word) >= _SHORTEST_WORD}


def _stem(word: str) -> str:
    for plural, single in (("ies", "y"), ("ves", "f"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x")):
        if word.endswith(plural) and len(word) > len(plural) + 1:
            return word.removesuffix(plural) + single
    return word.removesuffix("s") if not word.endswith("ss") else word


def _split_humps(text: str) -> str:
    """`FrontLeg` as two words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
