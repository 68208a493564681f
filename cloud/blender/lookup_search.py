"""Finding things by words: which of many titles fits a query best, misspelt or not."""

import math
import re
from array import array
from collections import defaultdict

from rapidfuzz import fuzz, process

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_IDLE = frozenset(
    words
    for line in (
        "a an and are as at be by can do does for from get how i in into is it make me my of on or the there this",
        "to use using set change what which with bpy py types ops python blender api function",
    )
    for words in line.split()
)
_SAME = {
    "colour": "color",
    "colours": "color",
    "sss": "subsurface",
    "tex": "texture",
    "img": "image",
    "lamp": "light",
    "meshes": "mesh",
    "vertices": "vertex",
    "verts": "vertex",
    "vert": "vertex",
    "axes": "axis",
    "rotate": "rotation",
    "scatter": "distribute",
}
_SIMILAR_PERCENT = 78
_BODY_WEIGHT = 0.4


def words_of(text: str) -> list[str]:
    """The words in a name or a sentence, in lower case and singular: `MeshEdges.new` -> mesh, edge, new."""
    words = [match.group().lower() for match in _WORD.finditer(text)]
    return [_stem(_SAME.get(word, word)) for word in words]


def _stem(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


class WordIndex:
    """Numbered things with a title and a body of text; `finish()` once all are added."""

    def __init__(self) -> None:
        self._titles: dict[str, array[int]] = defaultdict(lambda: array("I"))
        self._bodies: dict[str, array[int]] = defaultdict(lambda: array("I"))
        self._weights, self._lengths = array("f"), array("H")
        self._known: list[str] = []

    def add(self, number: int, weight: float, title: str, body: str) -> None:
        """Take the next thing; `number` counts from 0."""
        words = set(words_of(title))
        for word in words:
            self._titles[word].append(number)
        for word in set(words_of(body)) - words - _IDLE:
            self._bodies[word].append(number)
        self._weights.append(weight)
        self._lengths.append(len(words - _IDLE))

    def finish(self) -> None:
        """No more things: fix the list of words that are known."""
        self._titles, self._bodies = dict(self._titles), dict(self._bodies)
        self._known = [word for word in {**self._titles, **self._bodies} if len(word) > 2]

    def search(self, query: str, limit: int) -> list[int]:
        """The numbers of the best things, best first; empty if no word fits."""
        asked = self._asked(query)
        scores: dict[int, float] = defaultdict(float)
        titled: dict[int, int] = defaultdict(int)
        hits: dict[int, int] = defaultdict(int)
        for word in asked:
            best: dict[int, float] = {}
            in_title: set[int] = set()
            for known, likeness in self._alike(word).items():
                rarity = math.log(1 + len(self._weights) / (1 + len(self._titles.get(known, ()))))
                for number in self._titles.get(known, ()):
                    best[number] = max(best.get(number, 0), likeness * rarity)
                    in_title.add(number)
                for number in self._bodies.get(known, ()):
                    best[number] = max(best.get(number, 0), likeness * rarity * _BODY_WEIGHT)
            for number, score in best.items():
                scores[number] += score
                hits[number] += 1
            for number in in_title:
                titled[number] += 1
        ranked = {
            number: self._rank(number, score, titled[number], hits[number] / len(asked))
            for number, score in scores.items()
        }
        return sorted(ranked, key=lambda number: (-ranked[number], number))[:limit]

    def covers(self, query: str, number: int) -> bool:
        """Each word of the query, as it is spelt, belongs to the thing."""
        asked = self._asked(query)
        return bool(asked) and all(
            number in self._titles.get(word, ()) or number in self._bodies.get(word, ()) for word in asked
        )

    def nearest(self, query: str) -> list[str]:
        """Known words that resemble the query's, for a query that finds nothing."""
        found = [
            process.extract(word, self._known, scorer=fuzz.ratio, limit=3, score_cutoff=45)
            for word in words_of(query)[:4]
        ]
        return list(dict.fromkeys(match[0] for matches in found for match in matches))[:8]

    def _rank(self, number: int, score: float, titled: int, covered: float) -> float:
        """Prefer things that answer the whole query, and whose title says little else."""
        return score * covered**2 * (0.5 + 0.5 * titled / max(1, self._lengths[number])) * self._weights[number]

    def _asked(self, query: str) -> list[str]:
        words = list(dict.fromkeys(words_of(query)))
        return [word for word in words if word not in _IDLE][:12] or words[:12]

    def _alike(self, word: str) -> dict[str, float]:
        """Known words that the word may mean, and how much they are alike."""
        known = {word: 1.0} if word in self._titles or word in self._bodies else {}
        if word in self._titles or len(word) < 3:
            return known
        starts = {other: 0.8 for other in self._known if other.startswith(word)} if len(word) >= 4 else {}
        close = process.extract(word, self._known, scorer=fuzz.ratio, limit=4, score_cutoff=_SIMILAR_PERCENT)
        return {other: score / 100 * 0.9 for other, score, _ in close} | starts | known
