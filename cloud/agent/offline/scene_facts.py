"""What stands in the scene, read from the text that the pod's `inspect` tool answers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cloud.agent.offline.catalogue import THINGS

_LINE = re.compile(
    r"^(?P<name>.+) \[(?P<kind>[^\[\]]*)\] "
    r"(?P<size>[-\d.e+]+ × [-\d.e+]+ × [-\d.e+]+) m at \((?P<place>[^()]*)\)(?P<rest>.*)$"
)
NOT_THINGS = frozenset({"stage", "light", "camera", "empty", "light_probe", "speaker", "armature"})


@dataclass(frozen=True)
class SceneObject:
    """One object of the scene. `kind` is the catalogue's key, or Blender's type in lower case."""

    name: str
    kind: str
    size_m: tuple[float, ...]
    parent: str = ""
    materials: tuple[str, ...] = ()


@dataclass(frozen=True)
class SceneFacts:
    """All objects, in the scene's order; the last was added last."""

    objects: tuple[SceneObject, ...] = ()

    @property
    def things(self) -> tuple[SceneObject, ...]:
        """Objects that stand for themselves: no parts, lights or cameras."""
        return tuple(obj for obj in self.objects if not obj.parent and obj.kind not in NOT_THINGS)

    def names(self) -> set[str]:
        """Every name that is taken."""
        return {obj.name for obj in self.objects}

    def find(self, key: str, words: str, looks: Sequence[str] = ()) -> list[SceneObject]:
        """Things of this kind, or named `words`; of those, the ones whose materials show all `looks`."""
        by_kind = [obj for obj in self.things if obj.kind == key]
        by_name = [obj for obj in self.things if re.sub(r"[ .]\d+$", "", obj.name).casefold() == words.casefold()]
        found = by_name if by_name and THINGS.get(key, None) is None else by_kind or by_name
        wanted = [look.casefold() for look in looks if look]
        mainly = [obj for obj in found if all(look in m.casefold() for m in obj.materials[:1] for look in wanted)]
        if wanted and mainly:
            return mainly  # a blue car has red lights too
        return [obj for obj in found if all(any(look in m.casefold() for m in obj.materials) for look in wanted)]


def read_facts(inspect_text: str) -> SceneFacts:
    """The objects that the text lists, in its order; lines of another shape are passed over."""
    objects = []
    for line in inspect_text.splitlines():
        if not (match := _LINE.match(line)):
            continue
        parent = re.search(r"; parent (.+?)(?:; materials |; [\d,]+ triangles?|; hidden|$)", match["rest"])
        materials = re.search(r"; materials (.+?)(?:; [\d,]+ triangles?|; hidden|$)", match["rest"])
        objects.append(
            SceneObject(
                match["name"],
                match["kind"],
                tuple(_as_float(part) for part in match["size"].split(" × ")),
                parent[1] if parent else "",
                tuple(materials[1].split(", ")) if materials else (),
            )
        )
    return SceneFacts(tuple(objects))


def _as_float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
