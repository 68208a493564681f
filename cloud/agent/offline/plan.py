"""From a request to the steps that are run in Blender, one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cloud.agent.offline.bundle import library
from cloud.agent.offline.catalogue import THINGS
from cloud.agent.offline.changes import change_calls, command_calls
from cloud.agent.offline.code import step_code
from cloud.agent.offline.knobs import builder_knobs, material_knobs, name_knobs, size_knobs
from cloud.agent.offline.orders import Command, Existing, Group, Relation, Request, Target
from cloud.agent.offline.placing import placing_calls
from cloud.agent.offline.scene_facts import SceneFacts
from cloud.agent.offline.wording import describe, in_capitals, label, nouns_for

STEPS_AT_MOST = 40
ORDERS_AT_MOST = 80
OBJECTS_AT_MOST = 400
ENCLOSING = frozenset({"fence", "wall", "hedge"})


@dataclass(frozen=True)
class Step:
    """One call of `run_python`. `thing`: what is missing if it fails, in words."""

    title: str
    say: str
    code: str
    thing: str = ""
    done: str = ""


@dataclass
class Plan:
    """All steps, and what the answer says about what could not be planned."""

    steps: list[Step] = field(default_factory=list)
    not_built: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def make_plan(request: Request, scene: SceneFacts) -> Plan:
    """The steps in the order of the words, but each thing after what it stands on or beside."""
    planner = _Planner(request, scene)
    for order in request.orders[:ORDERS_AT_MOST]:
        planner.take(order)
    plan = planner.plan
    left_out = [describe(order) for order in request.orders[ORDERS_AT_MOST:] if isinstance(order, Group)]
    if left_out:
        plan.remarks.append(f"One prompt gives at most {STEPS_AT_MOST} steps; ask for the rest in the next one.")
        plan.not_built += dict.fromkeys(left_out)
    if plan.steps and "add_stage" in library().definitions:
        plan.steps.append(Step("Light and camera", "Now light and a camera that frames everything.", _stage_code()))
    return plan


def _stage_code() -> str:
    return step_code("Light the scene and frame it.", {}, ["add_stage()"])


class _Planner:
    def __init__(self, request: Request, scene: SceneFacts) -> None:
        self.request, self.scene = request, scene
        self.plan = Plan(not_built=list(request.not_built), remarks=list(request.remarks))
        self.taken = scene.names()
        self.names: dict[int, list[str]] = {}
        self.done: set[int] = set()

    def take(self, order: Group | Existing | Relation | Command) -> None:
        """Make the order's step, and first those that it needs."""
        if id(order) in self.done:
            return
        self.done.add(id(order))
        if isinstance(order, Relation):
            self._take_groups([*order.anchors, *order.subjects])
            if order.kind == "facing":
                self._face(order)
                return
            moved = [subject for subject in order.subjects if isinstance(subject, Existing)]
            if moved:
                self._move(moved, order)
        elif isinstance(order, Group):
            self._build(order)
        elif isinstance(order, Command):
            self._command(order)
        else:
            self._change(order)

    def _take_groups(self, targets: Sequence[Target]) -> None:
        for target in targets:
            if isinstance(target, Group):
                self.take(target)

    def names_of(self, target: Target) -> list[str]:
        """The object names of a group that is planned already, or of objects of the scene."""
        if isinstance(target, Existing):
            return list(target.names)
        return self.names.get(id(target), [])

    def _relation_for(self, group: Group) -> Relation | None:
        """The first relation that says where the group stands, its anchors planned before it."""
        relations = [r for r in self.request.relations_of(group) if r.kind != "facing"]
        for relation in relations:
            for anchor in relation.anchors:
                if isinstance(anchor, Group) and id(anchor) not in self.done:
                    self.take(anchor)
        placed = [r for r in relations if all(self.names_of(anchor) for anchor in r.anchors)]
        return placed[0] if placed else None

    def _build(self, group: Group) -> None:
        relation = self._relation_for(group)
        thing = THINGS[group.key]
        full = len(self.plan.steps) >= STEPS_AT_MOST or len(self.taken) + group.count > OBJECTS_AT_MOST
        if full or thing.builder not in library().definitions:
            self.plan.not_built.append(describe(group))
            return
        prefix = in_capitals(label(group))
        names = self._new_names(group)
        self.names[id(group)] = names
        measures, materials = size_knobs(prefix, group), material_knobs(prefix, group)
        extras, keywords = builder_knobs(prefix, group)
        encloses = relation is not None and relation.kind == "around" and group.key in ENCLOSING and not group.counted
        named, all_names = name_knobs(prefix, group, names[:1] if encloses else names)
        parameters: dict[str, object] = {**measures, **extras, **materials, **named}
        if relation is not None and encloses:
            anchors = [name for anchor in relation.anchors for name in self.names_of(anchor)]
            parameters["AROUND"] = anchors
            calls = [
                f"enclose({thing.builder}, {prefix}_NAMES[0], {prefix}_SIZE_M, {prefix}_MATERIALS, "
                f"things_named(*AROUND){keywords})"
            ]
        else:
            calls = [
                f"made = build_things({thing.builder}, {all_names}, {prefix}_SIZE_M, {prefix}_MATERIALS{keywords})"
            ]
            placed, more, remarks = placing_calls(group, relation, self.names_of)
            calls += placed
            parameters |= more
            self.plan.not_built += remarks
        words = describe(group)
        code = step_code(f"{words[:1].upper()}{words[1:]}.", parameters, calls)
        title = f"Build {words}"
        self.plan.steps.append(Step(title, f"I build {words}.", code, thing=words, done=words))

    def _new_names(self, group: Group) -> list[str]:
        base = clean_name(group.name) or label(group)
        names: list[str] = []
        for _ in range(max(1, group.count)):
            name, number = base, 1
            while name in self.taken:
                number += 1
                name = f"{base} {number}"
            self.taken.add(name)
            names.append(name)
        return names

    def _change(self, target: Existing) -> None:
        for title, parameters, calls, thing in change_calls(target, self.scene, clean_name(target.name)):
            self._add(title, parameters, calls, thing)

    def _face(self, relation: Relation) -> None:
        names = [name for subject in relation.subjects for name in self.names_of(subject)]
        anchors = [name for anchor in relation.anchors for name in self.names_of(anchor)]
        if names and anchors:
            title = f"Turn {nouns_for(names)} to face {nouns_for(anchors)}"
            calls = ["face_things(things_named(*TURNED), things_named(*FACED))"]
            self._add(title, {"TURNED": names, "FACED": anchors}, calls, title.lower())

    def _move(self, moved: Sequence[Existing], relation: Relation) -> None:
        names = [name for target in moved for name in target.names]
        calls, parameters, remarks = placing_calls(moved[0], relation, self.names_of)
        self.plan.not_built += remarks
        title = f"Move {nouns_for(names)}"
        self._add(
            title,
            {"MOVED": names, **parameters},
            ["made = things_named(*MOVED)", "carried = carried_by(made)", *calls, "bring_along(carried)"],
            title.lower(),
        )

    def _command(self, command: Command) -> None:
        if command.verb == "replace" and command.new is not None:
            self._replace(command.target, command.new)
            return
        if command.verb == "replace":
            self.plan.not_built.append(f"replace {nouns_for(command.target.names)}")
            return
        copies = []
        if command.verb == "duplicate":
            label_of = command.target.names[-1].rstrip("0123456789. ") or command.target.names[-1]
            copies = self._new_names(Group(command.target.key, command.count, name=label_of))
        title, parameters, calls = command_calls(command, copies)
        if command.placed is not None:
            self._take_groups(command.placed.anchors)
            placed, more, remarks = placing_calls(command.placed.subjects[0], command.placed, self.names_of)
            calls += ["made = things_named(*COPIES)", *placed]
            parameters |= more
            self.plan.not_built += remarks
        self._add(title, parameters, calls, title.lower())

    def _replace(self, old: Existing, new: Group) -> None:
        new.count = len(old.names)
        self._build(new)
        step = self.plan.steps.pop()
        calls = ["made = things_named(*NEW)", "take_place(made, things_named(*OLD))"]
        self.plan.steps.append(step)
        self._add(f"Put it in the place of {nouns_for(old.names)}",
                  {"NEW": self.names[id(new)], "OLD": list(old.names)}, calls, describe(new))  # fmt: skip

    def _add(self, title: str, parameters: dict[str, object], calls: Sequence[str], thing: str) -> None:
        code = step_code(f"{title}.", parameters, list(calls))
        self.plan.steps.append(Step(title, f"{title}.", code, thing=thing, done=title))


def clean_name(name: str) -> str:
    """A name as Blender can hold it: printable, at most 63 bytes."""
    printable = "".join(character for character in name if character.isprintable()).strip()
    return printable.encode("utf-8")[:60].decode("utf-8", "ignore").strip()
