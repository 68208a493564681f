# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# The stubs of bpy know no operators of add-ons, and some properties as methods.
"""Runs in a Blender that has the installed add-on (bpy): a worker that does what it is told, and a layout that notes.

Its names are given to `shared`. Nothing of this project can be imported there.
"""

import queue
import sys
import types
from typing import Any

import bpy

ADD_ON = "bl_ext.user_default.prompt2mesh"


def module(name: str) -> Any:
    return __import__(f"{ADD_ON}.{name}", fromlist=["_"])


class ScriptedWorker:
    """Does nothing, and notes the orders; `say` puts into the inbox what it would have said."""

    def __init__(self) -> None:
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.orders: list[Any] = []
        self.started = self.stopped = False

    def start(self) -> None:
        self.started = True

    def stop(self, timeout_s: float = 1.0) -> bool:
        self.stopped = True
        return True

    def submit(self, order: Any) -> None:
        self.orders.append(order)


worker = ScriptedWorker()


def fresh() -> None:
    """The add-on as right after Blender's start, with a scripted worker."""
    global worker
    module("panel.registration").make_worker = lambda: worker
    worker = ScriptedWorker()
    # Without a window Blender has no letters: each is as wide as most are at a scale of 1.
    texts = module("panel.texts")
    texts._scale, texts._measured = lambda: 1.0, lambda size, text: 6.0 * len(text)
    sys.modules[ADD_ON].register()


def session() -> Any:
    return module("panel.session").current()


def say(*messages: Any) -> None:
    """Have the worker say this, and the pump hear it."""
    for message in messages:
        worker.inbox.put(message)
    tick()


def tick() -> float | None:
    return module("panel.pump").pump_once()


def orders(kind: str = "") -> list[Any]:
    return [order for order in worker.orders if not kind or type(order).__name__ == kind]


def m() -> Any:
    return module("core.messages")


def t() -> Any:
    return module("core.types")


def uuid(number: int) -> str:
    return f"{number:08x}-0000-0000-0000-000000000000"


def signed_in(name: str = "artist") -> None:
    user = t().User(uuid(1), name)
    say(m().ConnectionChanged("signed_in", server="https://p2m.example.org", user=user))


def card(number: int = 2, **more: Any) -> Any:
    facts: dict[str, Any] = {"name": "Round table", "updated_at": "2026-11-22T10:00:00+00:00", "objects": 3}
    facts |= {"head_snapshot_id": uuid(90), "picture_id": uuid(91), "can_undo": True} | more
    return t().Card(id=uuid(number), **facts)


def snapshot(number: int, **more: Any) -> Any:
    facts: dict[str, Any] = {"parent_id": None, "step": number, "title": f"Step {number}", "label": "", "job_id": None}
    facts |= {"changed": "", "bytes": 1000, "sha256": "", "thumbnail_id": uuid(500 + number), "is_head": number == 3}
    return t().Snapshot(id=uuid(100 + number), **(facts | {"created_at": "2026-11-22T10:00:00+00:00"} | more))


def parameter(own_id: str, kind: str, value: Any, **more: Any) -> Any:
    facts: dict[str, Any] = {"label": own_id.capitalize(), "min": None, "max": None, "unit": "", "description": ""}
    return t().Parameter(id=own_id, type=kind, value=value, **(facts | {"step": 1, "step_title": "Build"} | more))


def opened(*parameters: Any, steps: int = 3, head: int = 90, **more: Any) -> Any:
    known = t().Parameters(uuid(head), tuple(parameters)) if parameters else None
    snapshots = tuple(snapshot(number) for number in range(steps, 0, -1))
    return m().ProjectOpened(t().History(card(**more), snapshots, parameters=known))


def job(state: str = "running", **more: Any) -> Any:
    facts: dict[str, Any] = {"project_id": uuid(2), "kind": "build", "prompt": "a round table"}
    return t().JobView(id=uuid(7), state=state, **(facts | more))


def brief() -> Any:
    part = t().BriefPart("Leg", (0.04, 0.04, 0.7), 4, "Oak", "Tapered towards the floor")
    return t().Brief("Round table", "A table for four people " * 8, (part,), "", "Plain", ("It stands on the floor.",))


class Noted:
    """A UILayout that holds each call against the real one's, and notes the words; `width` in letters of 1 pixel."""

    def __init__(self, notes: list[str] | None = None) -> None:
        self.notes: list[str] = [] if notes is None else notes
        self.enabled = self.alert = self.use_property_split = self.use_property_decorate = True
        self.scale_x = self.scale_y = 1.0
        self.alignment = "EXPAND"

    def __getattr__(self, name: str) -> Any:
        function = bpy.types.UILayout.bl_rna.functions[name]
        known = {parameter.identifier: parameter for parameter in function.parameters}

        def call(*positional: Any, **given: Any) -> Any:
            ours = {"text_ctxt", "translate"}  # added to all of them by Python's side of Blender
            assert set(given) <= set(known) | ours, f"{name} takes no {set(given) - set(known)}"
            if "icon" in given:
                assert given["icon"] in known["icon"].enum_items, f"there is no icon {given['icon']}"
            own = type(self).__dict__.get(f"_{name}", Noted._below)
            return own(self, *positional, **given)

        return call

    def _below(self, *_positional: Any, **given: Any) -> "Noted":
        if given.get("text"):
            self.notes.append(given["text"])
        return Noted(self.notes)

    def _operator(self, own_id: str, text: str | None = None, **_more: Any) -> Any:
        group, name = own_id.split(".")
        rna = getattr(getattr(bpy.ops, group), name).get_rna_type()
        self.notes.append(f"[{rna.name if text is None else text}]")
        allowed = set(rna.properties.keys())

        class Properties:
            def __setattr__(self, key: str, value: Any) -> None:
                assert key in allowed, f"{own_id} has no {key}"

        return Properties()

    def _prop(self, data: Any, name: str, text: str | None = None, **_more: Any) -> None:
        value = getattr(data, name)
        label = data.bl_rna.properties[name].name if text is None else text
        shown = (
            tuple(round(number, 3) for number in value)
            if hasattr(value, "__len__") and not isinstance(value, str)
            else value
        )
        self.notes.append(f"{label}={shown}")

    def _prop_search(self, data: Any, name: str, *_more: Any, **_given: Any) -> None:
        self._prop(data, name)


def drawn(width_px: int = 300) -> dict[str, list[str]]:
    """The words of each panel that Blender would show now, by its name."""
    view = types.SimpleNamespace(region_to_view=lambda x, y: (float(x), float(y)))
    region = types.SimpleNamespace(width=width_px, view2d=view)
    real: Any = bpy.context
    context = types.SimpleNamespace(
        region=region,
        area=types.SimpleNamespace(type="VIEW_3D"),
        window_manager=real.window_manager,
        preferences=real.preferences,
        selected_objects=list(real.view_layer.objects.selected),
    )
    found: dict[str, list[str]] = {}
    for panel in module("panel.registration").PANELS:
        if panel.poll(context):
            layout = Noted()
            panel.show(types.SimpleNamespace(), layout, context, session(), module("panel.pump").current_pump())
            found[panel.bl_label] = layout.notes
    return found


def widest(width_px: int) -> list[str]:
    """The lines that are wider than they may be in a sidebar of that width."""
    texts = module("panel.texts")
    lines = [line for notes in drawn(width_px).values() for line in notes if "=" not in line and line[0] != "["]
    # Tabs and margins take at least this much of it.
    return [line for line in lines if texts._measured(texts._size(), line) > width_px - 50]


def pressed(name: str, **properties: Any) -> str:
    """Press an operator's button. Returns: what it said, or "" where it went well."""
    session().refused = ""
    bpy.context.view_layer.update()
    getattr(bpy.ops.p2m, name)("EXEC_DEFAULT", **properties)
    return str(session().refused)


def grey(name: str) -> bool:
    return not getattr(bpy.ops.p2m, name).poll()


def why_grey(name: str) -> str:
    """What Blender shows beside a grey button."""
    operator = getattr(bpy.types, f"P2M_OT_{name}")
    return str(operator.why_grey(session(), bpy.context))
