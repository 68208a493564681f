"""Turns tokens into items: the longest known phrase at each place, with every meaning that it can have."""

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from cloud.agent.offline import lexicon
from cloud.agent.offline.catalogue import COLOURS, MATERIALS, NOUNS, SHADES, THINGS
from cloud.agent.offline.lexer import Token, tokenize
from cloud.agent.offline.typos import likely_word

LONGEST_PHRASE = 6
IRREGULAR_PLURALS = {
    "shelf": "shelves", "bookshelf": "bookshelves", "knife": "knives", "leaf": "leaves", "loaf": "loaves",
    "snowman": "snowmen", "man": "men", "woman": "women", "mouse": "mice", "goose": "geese", "foot": "feet",
    "tooth": "teeth", "cactus": "cacti", "dice": "dice", "die": "dice", "sheep": "sheep", "fish": "fish",
    "scarf": "scarves", "wolf": "wolves", "half": "halves", "child": "children",
}  # fmt: skip
PRIMITIVE_ADJECTIVES = {"round": "round", "circular": "round", "rectangular": "rectangular", "square": "square"}


@dataclass(frozen=True)
class Item:
    """A phrase and its possible meanings, by kind; no meaning at all: an unknown word."""

    text: str
    start: int
    end: int
    meanings: dict[str, Any]

    def get(self, kind: str) -> Any:
        """The meaning of this kind, or None."""
        return self.meanings.get(kind)

    def __contains__(self, kind: str) -> bool:
        return kind in self.meanings


def plural_forms(noun: str) -> list[str]:
    """The plurals under which a noun may be met."""
    head, _, last = noun.rpartition(" ")
    forms = [last + "s"]
    if last in IRREGULAR_PLURALS:
        forms = [IRREGULAR_PLURALS[last], last + "s"]
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        forms = [last + "es"]
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        forms = [last[:-1] + "ies"]
    elif last.endswith("o"):
        forms = [last + "s", last + "es"]
    elif last.endswith("man"):
        forms = [last[:-3] + "men"]
    return [f"{head} {form}".strip() for form in forms]


@cache
def phrases() -> dict[str, dict[str, Any]]:
    """Every known phrase with its meanings."""
    table: dict[str, dict[str, Any]] = {}

    def add(phrase: str, kind: str, value: Any) -> None:
        table.setdefault(phrase.replace("-", " "), {}).setdefault(kind, value)

    for word in lexicon.FILLERS:
        add(word, "filler", True)
    for word in lexicon.IDIOMS:
        add(word, "filler", True)
    for kind, words in (
        ("number", lexicon.NUMBERS), ("size", lexicon.SIZES), ("axis", lexicon.AXES_AFTER_MEASURE),
        ("measure_word", lexicon.MEASURE_WORDS), ("rel", lexicon.RELATIONS), ("reversed", lexicon.REVERSED_RELATIONS),
        ("side", lexicon.SIDES), ("arrange", lexicon.ARRANGEMENTS), ("verb", lexicon.VERBS),
        ("pronoun", lexicon.PRONOUNS), ("shape", PRIMITIVE_ADJECTIVES),
    ):  # fmt: skip
        for phrase, value in words.items():
            add(phrase, kind, value)
    _add_function_words(add)
    for spec in MATERIALS.values():
        for word in spec.words:
            add(word, "material", spec.key)
    for word in COLOURS:
        add(word, "colour", word)
    _add_catalogue(add)
    return table


def _add_function_words(add: Any) -> None:
    for kind, words in lexicon.FUNCTION_WORDS.items():
        for word in words:
            add(word, kind, True)
    for kind, meanings in (("det", lexicon.DETERMINERS), ("times", lexicon.TIMES), ("degree", lexicon.DEGREES)):
        for word, value in meanings.items():
            add(word, kind, value)
    for word in ("at the origin", "at origin", "to the origin", "at the centre", "at the center"):
        add(word, "point", (0.0, 0.0, None))
    add("upside down", "turned", ("x", 180.0))
    befores = ("around", "about", "around the", "about the", "on the", "along the", "along", "in", "over the")
    for axis, before in itertools.product("xyz", befores):
        add(f"{before} {axis}", "rotation_axis", axis)
        add(f"{before} {axis} axis", "rotation_axis", axis)


def _add_catalogue(add: Any) -> None:
    nouns = {noun: key for noun, key in NOUNS.items() if not _is_described_noun(noun, key)}
    for noun, key in nouns.items():
        add(noun, "noun", key)
    for noun, key in nouns.items():
        for plural in plural_forms(noun):
            add(plural, "noun", key)
            add(plural, "plural", True)
    for thing in THINGS.values():
        names = [*thing.materials, *(part.lower() for part in thing.parts)]
        names += [name for name in thing.params if name not in ("shape", "centred", "seed")]
        for raw in names:
            name = raw.replace("_", " ").lower()
            add(name, "slot", True)
            for plural in plural_forms(name):
                add(plural, "slot", True)
        for name, value in thing.params.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                add(name.replace("_", " "), "measure_word", name)


def _is_described_noun(noun: str, key: str) -> bool:
    """Whether it is a shape or material before another noun of the same thing ("wooden chair"): two phrases, then."""
    first, _, rest = noun.partition(" ")
    described = first in PRIMITIVE_ADJECTIVES or any(first in spec.words for spec in MATERIALS.values())
    return described and NOUNS.get(rest) == key


def tag(prompt: str) -> tuple[list[Item], list[str]]:
    """The prompt's items in order, and a remark for each word that was read as another, likely meant one."""
    table = phrases()
    tokens: list[Token] = []
    remarks: list[str] = []
    for token in tokenize(prompt):
        meant = likely_word(token.text, _words()) if token.kind == "word" else ""
        if meant:
            remarks.append(f"I read “{prompt[token.start : token.end]}” as “{meant}”.")
        tokens.append(dataclasses.replace(token, text=meant) if meant else token)
    items: list[Item] = []
    index = 0
    while index < len(tokens):
        item, used = _next_item(prompt, tokens, index, table)
        items.append(item)
        index += used
    return items, list(dict.fromkeys(remarks))


def with_names(prompt: str, items: list[Item], names: Sequence[str]) -> list[Item]:
    """The items, where the user calls a thing of the scene by its own name taken together as a noun."""
    merged: list[Item] = []
    index = 0
    while index < len(items):
        ends = range(min(index + LONGEST_PHRASE, len(items)), index, -1)
        end = next((end for end in ends if _named(prompt, items, index, end, names)), index)
        if end > index:
            name = _named(prompt, items, index, end, names)
            words = prompt[items[index].start : items[end - 1].end]
            merged.append(Item(words, items[index].start, items[end - 1].end, {"noun": "?", "object": name}))
        else:
            merged.append(items[index])
        index = max(end, index + 1)
    return merged


def _named(prompt: str, items: list[Item], start: int, end: int, names: Sequence[str]) -> str:
    """The object that the items spell out; nothing where they are words of another meaning."""
    first, last = items[start], items[end - 1]
    if start and ("naming" in items[start - 1] or items[start - 1].text in ("to", "as", "into", "with")):
        return ""
    if end - start == 1 and "string" in first:
        return next((name for name in names if name == first.get("string")), "")
    text = prompt[first.start : last.end]
    after = items[end].text if end < len(items) else ""
    if end - start == 1 and first.meanings:
        return ""
    if "digits" in last and (after in lexicon.UNITS_M or after in ("times", "x", "×", "%", "percent", "degrees", "°")):
        return ""
    exact = next((name for name in names if name == text), "")
    unknown = end - start == 1 or "digits" in last
    return exact or (next((name for name in names if name.casefold() == text.casefold()), "") if unknown else "")


@cache
def _words() -> frozenset[str]:
    """Every word that stands in a known phrase."""
    return frozenset(word for phrase in phrases() for word in phrase.split())


def _next_item(prompt: str, tokens: list[Token], index: int, table: dict[str, dict[str, Any]]) -> tuple[Item, int]:
    token = tokens[index]
    if token.kind == "string":
        return Item(token.text, token.start, token.end, {"string": prompt[token.start + 1 : token.end - 1]}), 1
    if token.kind == "number":
        return Item(token.text, token.start, token.end, {"number": token.value, "digits": True}), 1
    if token.kind == "word":
        return _phrase_item(tokens, index, table)
    return Item(token.text, token.start, token.end, _symbol_meanings(token.text)), 1


def _symbol_meanings(text: str) -> dict[str, Any]:
    if text in ".;!?\n":
        return {"stop": text}
    if text in ",":
        return {"comma": True}
    if text in "&+":
        return {"and": True}
    if text in ":()[]{}='\"’”′″×%°/*-":
        return {"mark": text}
    return {}


def _phrase_item(tokens: list[Token], index: int, table: dict[str, dict[str, Any]]) -> tuple[Item, int]:
    words: list[str] = []
    best: tuple[dict[str, Any], int] | None = None
    position = index
    while position < len(tokens) and len(words) < LONGEST_PHRASE:
        token = tokens[position]
        if token.kind == "word":
            words.append(token.text)
        elif token.text not in ("-", "&") or token.text == "&":
            break
        position += 1
        if token.kind == "word" and (meanings := _meanings(words, table)):
            best = (meanings, position)
    if best is None:
        token = tokens[index]
        return Item(token.text, token.start, token.end, {}), 1
    meanings, end = best
    phrase = " ".join(token.text for token in tokens[index:end] if token.kind == "word")
    return Item(phrase, tokens[index].start, tokens[end - 1].end, meanings), end - index


def _meanings(words: list[str], table: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    phrase = " ".join(words)
    if phrase in table:
        return table[phrase]
    if len(words) == 2 and words[0] in lexicon.TENS and words[1] in lexicon.ONES:
        return {"number": lexicon.TENS[words[0]] + lexicon.ONES[words[1]]}
    shaded = words[1:] if words[0] == "very" else words
    if len(shaded) > 1 and shaded[0] in SHADES and " ".join(shaded[1:]) in COLOURS:
        return {"colour": phrase}
    if phrase.endswith("'s"):
        owner = table.get(phrase[:-2], {})
        if "noun" in owner or "pronoun" in owner:
            return {**{kind: owner[kind] for kind in ("noun", "pronoun") if kind in owner}, "possessive": True}
    return None
