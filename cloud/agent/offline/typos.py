"""Reads a misspelt word as the known word that it is one slip of the keyboard away from."""

from collections.abc import Collection
from functools import lru_cache

MIN_CHARS = 5
MIN_CHARS_SUBSTITUTION = 6
KEYBOARD_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
VOWELS = "aeiou"
REAL_WORDS = frozenset(
    """bride brides carve grove groves bottles statute stature sparrow palace patio lantana flora floral charm
    battle battles mantle rattle cattle settle kettles tables stables house horse mouse planet planets candy
    walls tower towel towels shower flowed flour plants plants cables bowls bows trail trains beach breach
    pillow pillows blanket caste capital dessert desert angle angel sword swords words world worlds
    stale stalk stall stalls chain chains cheese trees threes wheel wheels tunnel tunes lemons melon""".split()  # noqa: SIM905
)
"""English words that are no slip for their neighbours among the catalogue's nouns."""


@lru_cache(maxsize=4096)
def likely_word(word: str, known: Collection[str]) -> str:
    """The one word of `known` that `word` most likely means, or nothing where it is known, short or too far off."""
    if len(word) < MIN_CHARS or word in known or word in REAL_WORDS or not word.isalpha() or not word.isascii():
        return ""
    near = sorted(
        candidate
        for candidate in known
        if candidate[0] == word[0] and len(candidate) >= 4 and is_one_slip(word, candidate)
    )
    return near[0] if near else ""


def is_one_slip(typed: str, meant: str) -> bool:
    """Two neighbours swapped, a letter left out or typed twice; in longer words the key beside or another vowel."""
    if len(typed) == len(meant):
        differing = [i for i, (a, b) in enumerate(zip(typed, meant, strict=True)) if a != b]
        if len(differing) == 1:
            return len(meant) >= MIN_CHARS_SUBSTITUTION and _is_near(typed[differing[0]], meant[differing[0]])
        if len(differing) != 2 or differing[1] != differing[0] + 1:
            return False
        return typed[differing[0]] == meant[differing[1]] and typed[differing[1]] == meant[differing[0]]
    if len(typed) == len(meant) - 1:
        return any(meant[:i] + meant[i + 1 :] == typed for i in range(len(meant) - (meant[-1] == "s")))
    if len(typed) == len(meant) + 1:
        return any(typed[i] == typed[i - 1] and typed[:i] + typed[i + 1 :] == meant for i in range(1, len(typed)))
    return False


def _is_near(first: str, second: str) -> bool:
    if first in VOWELS and second in VOWELS:
        return True
    return any(first + second in row or second + first in row for row in KEYBOARD_ROWS)
