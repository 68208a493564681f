"""English for what is built: labels of objects, descriptions, lists."""

import re
from collections.abc import Sequence

from cloud.agent.offline.catalogue import MATERIALS, NOUNS, THINGS
from cloud.agent.offline.orders import Group
from cloud.agent.offline.tagging import plural_forms

COUNT_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
SIZE_WORDS = ((0.55, "tiny"), (0.95, "small"), (1.05, ""), (1.9, "large"), (2.9, "huge"), (1e9, "giant"))
INVARIANT = frozenset({"stairs"})
PLURALS = {"stairs": "stairs", "chest of drawers": "chests of drawers"}


def label(group: Group) -> str:
    """The object's name without a number: the thing's first noun, capitalised."""
    name = THINGS[group.key].nouns[0].title() if group.key in THINGS else group.key.title()
    return name.replace("Uv ", "UV ")


def in_capitals(text: str) -> str:
    """A name for parameters: `DESK_LAMP`."""
    return re.sub(r"\W+", "_", text).strip("_").upper()


def describe(group: Group) -> str:
    """`a red wooden chair`, `two mugs`, `a row of five trees`."""
    noun = THINGS[group.key].nouns[0]
    traits = group.traits
    words = [
        next(word for limit, word in SIZE_WORDS if traits.scale < limit or limit == 1e9) if traits.scale != 1 else ""
    ]
    words += [str(traits.params["shape"]) if traits.params.get("shape") else "", traits.colour]
    if traits.material and traits.material != traits.colour:
        words.append(adjective(traits.material))
    if group.count > 1:
        noun = PLURALS.get(noun) or plural_forms(noun)[0]
    phrase = " ".join(word for word in [*words, noun] if word)
    phrase += _parts(group)
    if group.arrangement in ("row", "circle", "grid", "stack"):
        return f"a {group.arrangement} of {count_word(group.count)} {phrase}"
    if group.count > 1:
        return f"{count_word(group.count)} {phrase}"
    if noun in INVARIANT:
        return phrase
    article = "an" if phrase[0] in "aeiou" and not phrase.startswith("uv ") else "a"
    return f"{article} {phrase}".replace("uv sphere", "UV sphere").replace("christmas", "Christmas")


def _parts(group: Group) -> str:
    """` with a red roof`, for the parts that were described."""
    described = [
        (
            part,
            " ".join(word for word in (traits.colour, adjective(traits.material) if traits.material else "") if word),
        )
        for part, traits in group.parts.items()
    ]
    parts = [f"{words} {part}" for part, words in described if words]
    parts = [part if part.endswith("s") else f"a {part}" for part in parts]
    return f" with {join_words(parts)}" if parts else ""


def adjective(material: str) -> str:
    """How a material is called before a noun."""
    return {"wood": "wooden", "gold": "golden", "car paint": "glossy", "light": "glowing"}.get(
        material, MATERIALS[material].key
    )


def count_word(count: int) -> str:
    """`three`, `24`."""
    return COUNT_WORDS[count] if count < len(COUNT_WORDS) else str(count)


def join_words(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def nouns_for(names: Sequence[str]) -> str:
    """Object names for a title, the long list cut."""
    shown = [*names[:3], f"{len(names) - 3} more"] if len(names) > 4 else list(names)
    return join_words(shown)


__all__ = ["NOUNS", "adjective", "count_word", "describe", "in_capitals", "join_words", "label", "nouns_for"]
