"""What is known while a prompt is read: the open phrase, what "it" means, what stands in the scene."""

from dataclasses import dataclass, field

from cloud.agent.offline.catalogue import THINGS
from cloud.agent.offline.modifiers import Modifier
from cloud.agent.offline.orders import Command, Existing, RelationKind, Request, Target
from cloud.agent.offline.scene_facts import SceneFacts
from cloud.agent.offline.tagging import Item
from cloud.agent.offline.traits import knows_param

COUNT_LIMIT = 100
DEFINITE = frozenset({"the", "this", "that", "these", "those", "its", "their", "all", "all the", "each"})
VERBS_ON_EXISTING = frozenset({"remove", "move", "rotate", "turn", "scale", "enlarge", "shrink", "double", "halve",
                               "rename", "duplicate", "replace", "swap", "paint", "arrange", "stack"})  # fmt: skip


@dataclass
class NounPhrase:
    """What has been read of a noun phrase before its noun."""

    start: int = -1
    end: int = -1
    det: str = ""
    count: int = 0
    modifiers: list[Modifier] = field(default_factory=list)
    unknown: list[Item] = field(default_factory=list)
    arrangement: str = ""
    grid: tuple[int, int] = (0, 0)

    def touch(self, start: int, end: int) -> None:
        """Widen the phrase over a piece of the prompt."""
        self.start = start if self.start < 0 else self.start
        self.end = end


@dataclass
class OpenRelation:
    """A relation whose anchor has not been read yet. No subjects: they follow ("on the table, a lamp")."""

    kind: RelationKind
    subjects: list[Target]
    start: int
    end: int
    distance_m: float | None = None
    anchors: list[Target] = field(default_factory=list)
    reversed: bool = False
    words: str = ""


class Scope:
    """What is spoken of after the words read so far."""

    def __init__(self, prompt: str, scene: SceneFacts) -> None:
        self.prompt, self.scene = prompt, scene
        self.request = Request()
        self.unknown_spans: list[tuple[int, int]] = []
        self.phrase = NounPhrase()
        self.focus: Target | None = None
        self.part = ""
        self.heads: list[Target] = []
        self.mentions: list[Target] = []
        self.owner: Target | None = None
        self.part_owner: Target | None = None
        self.relation: OpenRelation | None = None
        self.fronted: OpenRelation | None = None
        self.verb = ""
        self.command: Command | None = None
        self.distance_m: float | None = None
        self.pending_part = ""
        self.carried: NounPhrase | None = None
        self.owner_each = self.excepting = False
        self.main: Target | None = None
        self.anchor_was_known = False

    # --- what is known -------------------------------------------------------------------------------------------
    def report(self, start: int, end: int) -> None:
        """Note a piece of the prompt as not built."""
        if end > start:
            self.unknown_spans.append((start, end))

    def remark(self, sentence: str) -> None:
        """A sentence for the answer."""
        if sentence not in self.request.remarks:
            self.request.remarks.append(sentence)

    def mention(self, target: Target) -> None:
        """Make `target` what "it" means next."""
        if target in self.mentions:
            self.mentions.remove(target)
        self.mentions.insert(0, target)

    def knows_param(self, name: str) -> bool:
        """Whether what is spoken of, or "with" whose parts we read, takes this parameter."""
        return any(knows_param(target, name) for target in (self.focus, self.owner) if target)

    def spoken_of(
        self, *, many: bool = False, excluding: tuple[Target, ...] = (), surface: bool = False
    ) -> Target | None:
        """What "it" ("them", where `many`) means; in a scene without earlier words, what was added last."""
        candidates = [target for target in self.mentions if target not in excluding and target.key != "?"]
        if many:
            plural = [target for target in candidates if target.count > 1]
            candidates = plural or candidates
        if surface:
            standing = [target for target in candidates[:3] if target.key in THINGS and THINGS[target.key].surface]
            candidates = standing or candidates
        if candidates:
            return candidates[0]
        return self.last_in_scene(many=many)

    def last_in_scene(self, *, many: bool = False) -> Existing | None:
        """The thing that was added last to the scene; with `many`, all of its kind."""
        things = self.scene.things
        if not things:
            return None
        chosen = [obj for obj in things if obj.kind == things[-1].kind] if many else [things[-1]]
        return self.existing(things[-1].kind, [obj.name for obj in chosen])

    def all_in_scene(self) -> Existing | None:
        """Every thing of the scene."""
        things = self.scene.things
        return self.existing("", [obj.name for obj in things]) if things else None

    def existing(self, key: str, names: list[str]) -> Existing:
        """The order about these objects, made at their first mention."""
        for order in self.request.orders:
            if isinstance(order, Existing) and order.names == tuple(names):
                return order
        target = Existing(key, len(names), names=tuple(names))
        self.request.orders.append(target)
        return target
