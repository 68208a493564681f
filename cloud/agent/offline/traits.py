"""Puts what was read about a thing into its traits, and says which part of a thing a word means."""

from cloud.agent.offline.catalogue import COLOURS, NOUNS, THINGS
from cloud.agent.offline.modifiers import Modifier
from cloud.agent.offline.orders import Axis, Existing, Target, Traits
from cloud.agent.offline.tagging import plural_forms

PART_ALIASES = {
    "wheel": ("rims", "wheels", "tyres"), "tire": ("tyres",), "glass": ("windows",), "bauble": ("ornaments",),
    "ball": ("ornaments",), "decoration": ("ornaments",), "dot": ("spots",), "stalk": ("stem",), "foliage": ("leaves",),
    "needle": ("leaves",), "leaf": ("leaves",),
    "leg": ("legs", "frame"), "seat": ("frame", "fabric"), "back": ("frame",),
    "wall": ("walls", "body"), "tabletop": ("top",), "surface": ("top",), "lampshade": ("shade",), "wing": ("accent",),
    "fin": ("accent",), "nose": ("accent", "nose"), "light": ("lights", "light", "bulb"), "petal": ("petals",),
    "blossom": ("petals",), "head": ("petals", "head"), "middle": ("centre",), "center": ("centre",), "cap": ("cap",),
    "hat": ("hat",), "eye": ("eyes",), "cushion": ("cushion", "fabric"), "pillow": ("pillow",), "sheet": ("blanket",),
    "frosting": ("icing",), "tile": ("roof",), "plank": ("body", "staves"), "band": ("hoops", "band"),
    "diamond": ("gem", "gems"), "jewel": ("gem", "gems"), "stone": ("gem", "stones"), "gem": ("gem", "gems"),
    "hilt": ("guard", "grip"), "handle": ("handle", "handles", "grip"), "trunk": ("trunk",), "flame": ("flame",),
}  # fmt: skip
"""What users call a part, and the slots that it may be."""


def knows_param(target: Target | None, name: str) -> bool:
    """Whether the thing takes a parameter of this name."""
    return target is not None and target.key in THINGS and name in THINGS[target.key].params


def part_of(key: str, word: str) -> tuple[str, str]:
    """(slot, parameter) of the thing that `word` names, each empty where there is none."""
    thing = THINGS.get(key)
    if thing is None:
        return "", ""
    forms = {word, word.replace(" ", "_")}
    for singular in [*thing.materials, *thing.params, *PART_ALIASES]:
        if word in plural_forms(singular) or singular in plural_forms(word):
            forms.add(singular)
    if word in NOUNS or word.endswith("s"):
        forms |= {word.removesuffix("s"), f"{word}s"}
    slot = next((slot for slot in thing.materials if slot in forms), "")
    if not slot:
        aliases = [alias for form in sorted(forms) for alias in PART_ALIASES.get(form, ())]
        slot = next((alias for alias in aliases if alias in thing.materials), "")
    param = next((name for name in thing.params if name in forms and name not in ("shape", "seed")), "")
    return slot, param


def is_own_part(key: str, word: str) -> bool:
    """Whether the thing has a separate object of this name, such as a lid."""
    thing = THINGS.get(key)
    return thing is not None and any(word in (part.lower(), *plural_forms(part.lower())) for part in thing.parts)


def main_slot(key: str) -> str:
    """The slot that "red" or "wooden" before the noun changes."""
    return next(iter(THINGS[key].materials), "") if key in THINGS else ""


def apply_modifier(target: Target, part: str, modifier: Modifier, prompt: str) -> bool:
    """Change the target's traits; False: this thing cannot honour it (a second colour, a shape that it lacks)."""
    traits = target.traits_of(part)
    value = modifier.value
    if modifier.kind in ("colour", "material"):
        return _apply_look(target, traits, modifier)
    if modifier.kind == "name":
        target.name = value if isinstance(value, str) else prompt[value[0] : value[1]]
        return True
    if modifier.kind == "point":
        target.at = value
        return True
    if modifier.kind == "turn":
        axis, degrees = value
        traits.rotation_deg[axis] = traits.rotation_deg.get(axis, 0.0) + degrees
        return True
    if modifier.kind == "shape":
        return _apply_shape(target, str(value))
    if modifier.kind == "param":
        return _apply_param(target, traits, *value)
    return not part and _apply_size(traits, modifier)


def _apply_look(target: Target, traits: Traits, modifier: Modifier) -> bool:
    """A colour or a material; gold and its like may be either, beside a second one."""
    word = str(modifier.value)
    if modifier.kind == "colour":
        if traits.colour and traits.colour != word:
            return False
        traits.colour = word
        return True
    if traits.material == word or (not traits.material and word == default_material(target)):
        traits.material = word
        return True
    if traits.material and not traits.colour and word in COLOURS:
        traits.colour = word
        return True
    if traits.material and not traits.colour and traits.material in COLOURS:
        traits.colour = traits.material
    elif traits.material:
        return False
    traits.material = word
    return True


def default_material(target: Target) -> str:
    """What the thing's main part is made of by default."""
    thing = THINGS.get(target.key)
    return next(iter(thing.materials.values())).partition(":")[0] if thing else ""


def _apply_shape(target: Target, shape: str) -> bool:
    if knows_param(target, "shape") and not isinstance(target, Existing):
        target.traits.params["shape"] = shape
        if shape == "square":
            target.traits.params["shape"] = "rectangular"
            target.traits.sizes["y"] = target.traits.sizes["x"] = THINGS[target.key].size_m[1]
        return True
    return target.key in ("uv_sphere", "ico_sphere", "ball", "plate", "cake", "pizza", "torus", "circle", "pipe")


def _apply_param(target: Target, traits: Traits, name: str, value: float) -> bool:
    if not knows_param(target, name) or isinstance(target, Existing):
        return False
    default = THINGS[target.key].params[name]
    if isinstance(default, bool):
        traits.params[name] = value > 0
    elif isinstance(default, int):
        if value != int(value):
            return False
        traits.params[name] = int(value)
    else:
        traits.params[name] = float(value)
    return True


def _apply_size(traits: Traits, modifier: Modifier) -> bool:
    value = modifier.value
    if modifier.kind == "measures":
        traits.sizes.update(zip(("x", "y", "z"), value, strict=False))
        return all(length > 0 for length in value)
    axis: Axis | None = value[0]
    amount = float(value[1])
    if amount <= 0:
        return False
    if modifier.kind == "measure":
        traits.sizes[axis or "max"] = amount
    elif axis is None:
        traits.scale *= amount
    else:
        traits.stretch[axis] = traits.stretch.get(axis, 1.0) * amount
    return True
