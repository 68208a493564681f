"""What makes two things parts of one, or copies of one kind."""

import re

from cloud.blender.child.checks.scene import Thing
from cloud.blender.child.wording import stem


def belong_together(first: Thing, second: Thing) -> bool:
    """They hang on one root, or are single parts of one collection that is not nearly the whole scene."""
    if first.root == second.root:
        return True
    alone = first.family == first.name and second.family == second.name
    return bool(alone and not (first.parent or second.parent) and first.kit and first.kit == second.kit)


def are_kin(first: Thing, second: Thing) -> bool:
    """Parts of one thing: they hang on one parent, or their names say so ("Snowman Head", "Snowman Body")."""
    if first.family == second.family or first.parent == second.name or second.parent == first.name:
        return True
    (kit, part), (other_kit, other_part) = _kit(first.name), _kit(second.name)
    return kit == other_kit and part != other_part and bool(part or other_part)


def _kit(name: str) -> tuple[str, str]:
    """The first word of a name, and the words after it; numbers count copies and are no words."""
    words = [word for word in re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", name.split(" in ")[0]) if len(word) > 1]
    words = [word.lower() for word in words if not word.isdigit()]
    return (words[0], " ".join(words[1:])) if words else (name, "")


def is_copy(small: Thing, large: Thing) -> bool:
    """Their names differ by a number alone: Book 2 and Book 3."""
    return small.name != large.name and stem(small.name) == stem(large.name)
