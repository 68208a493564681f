# pyright: reportAttributeAccessIssue=false
# The stubs of bpy have some properties of the context as methods.
"""The prompt: what goes with it, and Build (bpy)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import bpy
from bpy.props import CollectionProperty, IntProperty, StringProperty

from ..core import messages as m
from ..core.problems import CoreError
from ..scene import selection, viewport
from .asking import Asking, Result
from .form import REFERENCES_LIMIT
from .package import cache_folder
from .session import Session

_TEXT_NAME = "Prompt"
_VIEW_PX = 1024
_PICTURES = "*.png;*.jpg;*.jpeg;*.webp;*.gif"


def prompt_of(session: Session) -> str:
    """What is to be built: the Text data-block's words where one was chosen, else the field's."""
    name = session.form.prompt_text_name
    text = bpy.data.texts.get(name) if name else None
    return (text.as_string() if text else session.form.prompt).strip()


class P2M_OT_build(Asking):
    """Have it built in the cloud; Blender goes on meanwhile"""

    bl_idname = "p2m.build"
    bl_label = "Build"

    @classmethod
    def grey_because(cls, session: Session, context: bpy.types.Context) -> str:
        if session.state.version_blocks:
            return session.state.version_words
        if session.state.at_work("Build", "BuildBrief"):
            return "The prompt is being sent."
        if not prompt_of(session):
            return "Say what you want to see built."
        if session.form.uses_selection and not context.selected_objects:
            return "Nothing is selected; select objects, or do not use the selection as context."
        return ""

    def run(self, session: Session, context: bpy.types.Context) -> str:
        form, prompt = session.form, prompt_of(session)
        made: list[Path] = []
        try:
            scene = _selection_file(session, context, made)
            view = _view_picture(session, context, made)
        except (CoreError, OSError) as error:
            _delete(made)
            return error.sentence if isinstance(error, CoreError) else f"A file could not be written: {error.strerror}."
        project = session.state.project
        session.sent_prompt = form.prompt
        session.build(
            m.Build(
                prompt=prompt,
                project_id=project.project.id if project else None,
                quality=cast(Any, form.quality),
                detail=cast(Any, form.detail),
                reads_brief=form.reads_brief and form.detail != "as-is",
                images=(*form.references, *([view] if view else [])),
                scene=scene,
                temporary=tuple(made),
            )
        )
        return ""


def _selection_file(session: Session, context: bpy.types.Context, made: list[Path]) -> Path | None:
    if not session.form.uses_selection:
        return None
    file_format = cast(Any, session.form.context_format)
    made.append(selection.write(context.selected_objects, cache_folder(), file_format))
    return made[-1]


def _view_picture(session: Session, context: bpy.types.Context, made: list[Path]) -> Path | None:
    if not session.form.uses_viewport:
        return None
    made.append(viewport.picture(context, cache_folder(), _VIEW_PX))
    return made[-1]


def _delete(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


class P2M_OT_write_prompt(Asking):
    """Write the prompt on several lines, in a text of the Text Editor; it is saved with your file"""

    bl_idname = "p2m.write_prompt"
    bl_label = "Write as Text"
    needs_sign_in = False

    def run(self, session: Session, context: bpy.types.Context) -> str:
        text = bpy.data.texts.get(session.form.prompt_text_name)
        if text is None:
            text = bpy.data.texts.new(_TEXT_NAME)
            text.write(session.form.prompt)
            session.form.prompt_text_name = text.name
        _show_text(context, text)
        return ""


def _show_text(context: bpy.types.Context, text: bpy.types.Text) -> None:
    """In a Text Editor that is open, else in a window of its own."""
    editors = [
        area for window in context.window_manager.windows for area in window.screen.areas if area.type == "TEXT_EDITOR"
    ]
    if not editors and not bpy.app.background:
        bpy.ops.wm.window_new()
        area = context.window_manager.windows[-1].screen.areas[0]
        area.type = "TEXT_EDITOR"
        editors = [area]
    for area in editors[:1]:
        space = cast(bpy.types.SpaceTextEditor, area.spaces.active)
        space.text = text
        space.show_word_wrap = True


class P2M_OT_prompt_to_field(Asking):
    """Take the text's words into the field, and leave the text where it is"""

    bl_idname = "p2m.prompt_to_field"
    bl_label = "Back to the Field"
    needs_sign_in = False

    def run(self, session: Session, context: bpy.types.Context) -> str:
        session.form.prompt, session.form.prompt_text_name = prompt_of(session), ""
        return ""


class P2M_OT_paste_prompt(Asking):
    """Put the clipboard's text into the prompt, with all its lines"""

    bl_idname = "p2m.paste_prompt"
    bl_label = "Paste"
    needs_sign_in = False

    def run(self, session: Session, context: bpy.types.Context) -> str:
        pasted = context.window_manager.clipboard.strip()
        if not pasted:
            return "The clipboard holds no text."
        session.form.prompt = pasted
        return ""


class P2M_OT_add_references(Asking):
    """Choose pictures to go by"""

    bl_idname = "p2m.add_references"
    bl_label = "Add Pictures"
    needs_sign_in = False

    if TYPE_CHECKING:
        directory: str
        files: Any
        filter_glob: str
    else:
        directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"})
        files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"})
        filter_glob: StringProperty(default=_PICTURES, options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def grey_because(cls, session: Session, context: bpy.types.Context) -> str:
        full = len(session.form.references) >= REFERENCES_LIMIT
        return f"There are {REFERENCES_LIMIT} pictures already; take one out first." if full else ""

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, session: Session, context: bpy.types.Context) -> str:
        chosen = [Path(self.directory) / file.name for file in self.files if file.name]
        left_out = session.form.add_references(chosen)
        session.changed = True
        return f"At most {REFERENCES_LIMIT} pictures can go with a prompt; the rest were left out." if left_out else ""


class P2M_OT_remove_reference(Asking):
    """Do not send this picture"""

    bl_idname = "p2m.remove_reference"
    bl_label = "Remove"
    needs_sign_in = False

    if TYPE_CHECKING:
        index: int
    else:
        index: IntProperty(options={"SKIP_SAVE", "HIDDEN"})

    def run(self, session: Session, context: bpy.types.Context) -> str:
        if 0 <= self.index < len(session.form.references):
            del session.form.references[self.index]
            session.changed = True
        return ""


class P2M_OT_new_project(Asking):
    """The next prompt makes a project of its own"""

    bl_idname = "p2m.new_project"
    bl_label = "New Project"

    def run(self, session: Session, context: bpy.types.Context) -> str:
        session.submit(m.CloseProject())
        return ""


def chosen_text_is_gone(session: Session) -> bool:
    """Whether the prompt's Text data-block was deleted or renamed."""
    name = session.form.prompt_text_name
    return bool(name) and name not in bpy.data.texts


CLASSES = (
    P2M_OT_build,
    P2M_OT_write_prompt,
    P2M_OT_prompt_to_field,
    P2M_OT_paste_prompt,
    P2M_OT_add_references,
    P2M_OT_remove_reference,
    P2M_OT_new_project,
)
