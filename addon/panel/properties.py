"""The panel's fields as Blender draws them; what they hold lies in the session and never in Blender's data (bpy)."""

from collections.abc import Callable, Sequence
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatVectorProperty, IntProperty, PointerProperty, StringProperty

from .brief_draft import BriefDraft
from .form import CONTEXT_FORMATS, DETAILS, HOWS, PLACES, QUALITIES, WHERES, Form
from .parameter_draft import typed
from .session import current

FORM, BRIEF = "p2m_form", "p2m_brief"
"""The names of the groups on bpy.types.WindowManager."""

_NAMES = {
    "draft": ("Draft", "Fast and cheap"),
    "standard": ("Standard", "Reviewed and mended"),
    "high": ("High", "Takes the most effort, time and money"),
    "as-is": ("As I wrote it", "The prompt is built as it stands"),
    "concise": ("A short brief", "The prompt is refined into a short brief first"),
    "moderate": ("A brief", "The prompt is refined into a brief with parts and sizes first"),
    "comprehensive": ("A detailed brief", "The prompt is refined into a detailed brief first"),
    "glb": ("glTF", "Shapes and materials as .glb, modifiers applied"),
    "blend": (".blend", "The objects with modifiers and node materials"),
    "APPEND": ("Append", "The result becomes part of this file, and can be edited"),
    "LINK": ("Link", "The result stays in a file of its own, which this file refers to"),
    "NEW_COLLECTION": ("New collection", "Beside what is there, in a collection named after the project"),
    "REPLACE": ("Replace previous", "The version of the same project that is in the scene goes"),
    "ORIGIN": ("Origin", "Where the result was built"),
    "CURSOR": ("3D cursor", "Moved to the 3D cursor"),
}


def choices(names: Sequence[str]) -> list[tuple[str, str, str]]:
    """Items of an EnumProperty."""
    return [(name, *_NAMES[name]) for name in names]


def _form() -> Form:
    session = current()
    return session.form if session else Form()


def _in_form(name: str) -> dict[str, Any]:
    """How a field of the form is read and written. `_self` is Blender's group, which holds nothing."""

    def write(_self: Any, value: Any) -> None:
        setattr(_form(), name, value)

    return {"get": lambda _self: getattr(_form(), name), "set": write}


def _choice_in_form(name: str, names: Sequence[str]) -> dict[str, Any]:
    def write(_self: Any, index: int) -> None:
        setattr(_form(), name, names[index])

    return {
        "items": [(*item, number) for number, item in enumerate(choices(names))],
        "get": lambda _self: names.index(getattr(_form(), name)),
        "set": write,
    }


def _form_fields() -> dict[str, Any]:
    return {
        "prompt": StringProperty(
            name="Prompt", description="What is to be built, or what should change", **_in_form("prompt")
        ),
        "prompt_text_name": StringProperty(
            name="Text",
            description="A text of the Text Editor that is the prompt; it is saved with your file",
            **_in_form("prompt_text_name"),
        ),
        "quality": EnumProperty(
            name="Quality", description="Effort, time and money", **_choice_in_form("quality", QUALITIES)
        ),
        "detail": EnumProperty(
            name="Refine", description="How far the prompt is refined first", **_choice_in_form("detail", DETAILS)
        ),
        "reads_brief": BoolProperty(
            name="Show me the brief first",
            description="Stop at the brief, to read and change it before it is built",
            **_in_form("reads_brief"),
        ),
        "uses_selection": BoolProperty(
            name="Use selection as context",
            description="Send the selected objects: they are in the scene that is built on",
            **_in_form("uses_selection"),
        ),
        "context_format": EnumProperty(
            name="As", description="How they are sent", **_choice_in_form("context_format", CONTEXT_FORMATS)
        ),
        "uses_viewport": BoolProperty(
            name="Use viewport picture",
            description="Send a picture of the 3D view as a reference",
            **_in_form("uses_viewport"),
        ),
        "imports_when_done": BoolProperty(
            name="Import when done",
            description="Bring the result into this scene as soon as it is built",
            **_in_form("imports_when_done"),
        ),
        "how": EnumProperty(name="How", description="Append or link", **_choice_in_form("how", HOWS)),
        "where": EnumProperty(name="Into", description="Where it goes", **_choice_in_form("where", WHERES)),
        "place": EnumProperty(name="At", description="Where it stands", **_choice_in_form("place", PLACES)),
        "query": StringProperty(
            name="Search",
            description="Words in a project's name or prompts",
            get=lambda _self: _form().query,
            set=_search,
        ),
    }


def _search(_self: Any, words: str) -> None:
    session = current()
    if session is not None and words != session.form.query:
        session.form.query = words
        session.list_projects()


def _draft() -> BriefDraft | None:
    session = current()
    return session.brief if session else None


def _of_brief(name: str) -> dict[str, Any]:
    def read(_self: Any) -> str:
        draft = _draft()
        return getattr(draft.brief, name) if draft else ""

    def write(_self: Any, value: str) -> None:
        draft = _draft()
        if draft:
            draft.change(**{name: value})

    return {"get": read, "set": write}


def _of_part(name: str, nothing: Any, made: Callable[[Any], Any] = lambda value: value) -> dict[str, Any]:
    def read(_self: Any) -> Any:
        draft = _draft()
        part = draft.open_part if draft else None
        return getattr(part, name) if part else nothing

    def write(_self: Any, value: Any) -> None:
        draft = _draft()
        if draft:
            draft.change_part(**{name: made(value)})

    return {"get": read, "set": write}


def _read_check(_self: Any) -> str:
    draft = _draft()
    return draft.open_check if draft else ""


def _write_check(_self: Any, text: str) -> None:
    draft = _draft()
    if draft:
        draft.change_check(text)


def _brief_fields() -> dict[str, Any]:
    return {
        "title": StringProperty(name="Title", maxlen=120, **_of_brief("title")),
        "summary": StringProperty(name="What it is", maxlen=4000, **_of_brief("summary")),
        "proportions": StringProperty(name="Proportions", maxlen=2000, **_of_brief("proportions")),
        "style": StringProperty(name="Style", maxlen=2000, **_of_brief("style")),
        "part_name": StringProperty(name="Name", maxlen=80, **_of_part("name", "")),
        "part_count": IntProperty(name="Count", min=1, max=1000, **_of_part("count", 1)),
        "part_size": FloatVectorProperty(
            name="Size (m)",
            description="Width, depth and height in metres",
            size=3,
            min=0.0,
            soft_max=100.0,
            precision=3,
            step=1,
            **_of_part("size_m", (0.0, 0.0, 0.0), lambda size: tuple(typed(length) for length in size)),
        ),
        "part_material": StringProperty(name="Material", maxlen=200, **_of_part("material", "")),
        "part_description": StringProperty(name="Description", maxlen=1000, **_of_part("description", "")),
        "check": StringProperty(name="Check", maxlen=300, get=_read_check, set=_write_check),
    }


def _group(name: str, fields: dict[str, Any]) -> type[bpy.types.PropertyGroup]:
    return type(name, (bpy.types.PropertyGroup,), {"__annotations__": fields, "__module__": __name__})


_registered: list[type[bpy.types.PropertyGroup]] = []


def register() -> None:
    """Make the groups, and hang them on the window manager."""
    for attribute, name, fields in ((FORM, "P2M_PG_form", _form_fields()), (BRIEF, "P2M_PG_brief", _brief_fields())):
        group = _group(name, fields)
        bpy.utils.register_class(group)
        _registered.append(group)
        setattr(bpy.types.WindowManager, attribute, PointerProperty(type=group, options={"SKIP_SAVE"}))


def unregister() -> None:
    """Take them off."""
    for attribute in (FORM, BRIEF):
        if hasattr(bpy.types.WindowManager, attribute):
            delattr(bpy.types.WindowManager, attribute)
    while _registered:
        bpy.utils.unregister_class(_registered.pop())


def form_of(context: bpy.types.Context) -> Any:
    """The group whose properties are the form's fields."""
    return getattr(context.window_manager, FORM)


def brief_of(context: bpy.types.Context) -> Any:
    """The group whose properties are the brief's fields."""
    return getattr(context.window_manager, BRIEF)
