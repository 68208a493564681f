"""The calls that change, copy and remove objects of the scene."""

from collections.abc import Iterator
from typing import Any

from cloud.agent.offline.catalogue import COLOURS, MATERIALS, THINGS, colour, slot_material
from cloud.agent.offline.orders import Command, Existing, Traits
from cloud.agent.offline.scene_facts import SceneFacts
from cloud.agent.offline.sizing import factors_of
from cloud.agent.offline.wording import nouns_for

Change = tuple[str, dict[str, Any], list[str], str]
"""Title, parameters, lines of code, and what is missing if it fails."""


def change_calls(target: Existing, scene: SceneFacts, new_name: str) -> Iterator[Change]:
    """One change for each thing that the words say about the objects."""
    who = nouns_for(target.names)
    names: dict[str, Any] = {"OBJECTS": list(target.names)}
    for part, traits in {"": target.traits, **target.parts}.items():
        if traits.colour or traits.material:
            yield _painting(target, part, traits, scene)
    if target.traits.resizes():
        sizes = next((obj.size_m for obj in scene.objects if obj.name == target.names[0]), (1.0, 1.0, 1.0))
        factors = factors_of(target.traits, (sizes[0], sizes[1], sizes[2]) if len(sizes) == 3 else (1.0, 1.0, 1.0))
        parameters = {**names, "FACTORS": tuple(round(f, 5) for f in factors), "SIZES_M": dict(target.traits.sizes)}
        yield (
            f"Resize {who}",
            parameters,
            ["resize(things_named(*OBJECTS), FACTORS, SIZES_M)"],
            f"the new size of {who}",
        )
    if target.traits.rotation_deg:
        parameters = {**names, "TURN_DEG": dict(target.traits.rotation_deg)}
        yield f"Turn {who}", parameters, ["turn_things(things_named(*OBJECTS), TURN_DEG)"], f"turning {who}"
    if target.shift:
        yield (
            f"Move {who}",
            {**names, "SHIFT_M": target.shift},
            ["shift_things(things_named(*OBJECTS), *SHIFT_M)"],
            f"moving {who}",
        )
    if target.at is not None:
        x, y, z = target.at
        place = (x, y) if z is None else (x, y, z)
        yield (
            f"Move {who}",
            {**names, "PLACE_M": place},
            [
                "made = things_named(*OBJECTS)",
                "carried = carried_by(made)",
                "place_at(made, *PLACE_M)",
                "bring_along(carried)",
            ],
            f"moving {who}",
        )
    if target.on_ground:
        yield f"Set {who} down", names, ["set_down(things_named(*OBJECTS))"], f"setting {who} down"
    if target.arrangement:
        yield (
            f"Arrange {who}",
            names,
            ["made = things_named(*OBJECTS)", *arranging(target.arrangement)],
            f"arranging {who}",
        )
    if new_name:
        yield (
            f"Rename {target.names[0]}",
            {"OBJECTS": [target.names[0]], "NEW_NAME": new_name},
            ["rename_thing(things_named(*OBJECTS)[0], NEW_NAME)"],
            f"renaming {target.names[0]}",
        )


def arranging(arrangement: str) -> list[str]:
    """The lines that arrange `made` on the ground."""
    functions = {"row": "line_up", "circle": "arrange_circle", "grid": "arrange_grid", "stack": "arrange_stack"}
    return [f"{functions.get(arrangement, 'arrange_scatter')}(made)", "settle_free(made)"]


def _painting(target: Existing, part: str, traits: Traits, scene: SceneFacts) -> Change:
    who = nouns_for(target.names) + (f" ({part})" if part else "")
    words = " ".join(word for word in (traits.colour, traits.material) if word)
    parameters: dict[str, Any] = {"OBJECTS": list(target.names), "PART": part}
    if traits.material:
        parameters["NEW_MATERIAL"] = MATERIALS[traits.material].slot(traits.colour)
        call = "repaint(things_named(*OBJECTS), PART, NEW_MATERIAL)"
    else:
        parameters["NEW_COLOUR"] = tuple(round(c, 4) for c in colour(traits.colour) or (0.8, 0.8, 0.8))
        worn = {
            m for obj in scene.objects if obj.name in target.names or obj.parent in target.names for m in obj.materials
        }
        thing = THINGS.get(target.key)
        worn |= {slot_material(text)["name"] for text in thing.materials.values()} if thing else set()
        parameters["NEW_NAMES"] = {name.split(".")[0]: renamed(name, traits.colour) for name in sorted(worn)}
        call = "recolour(things_named(*OBJECTS), PART, NEW_COLOUR, NEW_NAMES)"
    return f"Make {who} {words}", parameters, [call], f"{words} for {who}"


def renamed(material_name: str, colour_words: str) -> str:
    """`Red Wood` in blue: `Blue Wood`."""
    words = material_name.split(".")[0].casefold().split(" ")
    keys = {key.casefold() for key in MATERIALS}
    for start in range(len(words)):
        rest = " ".join(words[start:])
        if rest in keys or (start == len(words) - 1 and rest not in COLOURS):
            return f"{colour_words} {rest}".title()
    return f"{colour_words} paint".title()


def command_calls(command: Command, copies: list[str]) -> tuple[str, dict[str, Any], list[str]]:
    """Remove objects, let two change places, or copy the last of them under new names."""
    who = nouns_for(command.target.names)
    if command.verb == "remove":
        return f"Remove {who}", {"OBJECTS": list(command.target.names)}, ["remove_things(things_named(*OBJECTS))"]
    if command.verb == "swap" and command.other is not None:
        parameters = {"OBJECTS": list(command.target.names), "OTHERS": list(command.other.names)}
        lines = ["swap_places(things_named(*OBJECTS), things_named(*OTHERS))"]
        return f"Swap {who} and {nouns_for(command.other.names)}", parameters, lines
    parameters = {"ORIGINAL": command.target.names[-1], "COPIES": copies}
    lines = ["for name in COPIES:\n    copy_thing(things_named(ORIGINAL)[0], name)"]
    if command.arrangement:
        parameters["ARRANGED"] = [*command.target.names, *copies]
        lines += ["made = things_named(*ARRANGED)", *arranging(command.arrangement)]
    return f"Copy {command.target.names[-1]}: {nouns_for(copies)}", parameters, lines
