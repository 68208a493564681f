"""The panel of the prompt (bpy)."""

import bpy

from .form import REFERENCES_LIMIT
from .panel_base import Ours, button
from .prompting import (
    P2M_OT_add_references,
    P2M_OT_build,
    P2M_OT_new_project,
    P2M_OT_paste_prompt,
    P2M_OT_prompt_to_field,
    P2M_OT_remove_reference,
    P2M_OT_write_prompt,
    chosen_text_is_gone,
    prompt_of,
)
from .properties import form_of
from .pump import Pump
from .session import Session
from .texts import one_line, say
from .words import file_size

_LINES_SHOWN = 8


class P2M_PT_prompt(Ours):
    """What is to be built"""

    bl_idname = "P2M_PT_prompt"
    bl_label = "Prompt"
    bl_parent_id = "P2M_PT_main"
    bl_order = 1

    def show(self, layout: bpy.types.UILayout, context: bpy.types.Context, session: Session, pump: Pump) -> None:
        _draw_project(layout, context, session)
        _draw_prompt(layout, context, session)
        form = form_of(context)
        column = layout.column(align=True)
        column.row(align=True).prop(form, "quality", expand=True)
        column.prop(form, "detail", text="")
        if session.form.detail != "as-is":
            column.prop(form, "reads_brief")
        layout.prop(form, "imports_when_done")
        _draw_build(layout, context, session)


def _draw_project(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session) -> None:
    project = session.state.project
    row = layout.row(align=True)
    if project is None:
        row.label(text=one_line(context, "Makes a new project", taken_px=20), icon="ADD")
        return
    name = one_line(context, project.project.name, taken_px=50)
    row.label(text=name, icon="FILE_3D", translate=False)
    button(row, P2M_OT_new_project, text="", icon="X")


def _draw_prompt(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session) -> None:
    form = form_of(context)
    row = layout.row(align=True)
    if session.form.prompt_text_name:
        row.prop_search(form, "prompt_text_name", bpy.data, "texts", text="", icon="TEXT")
        button(row, P2M_OT_write_prompt, text="", icon="WINDOW")
        button(row, P2M_OT_prompt_to_field, text="", icon="X")
        if chosen_text_is_gone(session):
            say(layout, context, "This text is not in the file any more; choose another.", icon="ERROR", alert=True)
        else:
            _draw_words(layout, context, prompt_of(session))
        return
    row.scale_y = 1.3
    question = "What should change?" if session.state.project else "What shall be built?"
    # Blender knows a field's placeholder since 4.1.
    row.prop(form, "prompt", text="", placeholder=question)
    button(row, P2M_OT_paste_prompt, text="", icon="PASTEDOWN")
    button(row, P2M_OT_write_prompt, text="", icon="TEXT")
    prompt = session.form.prompt
    if "\n" in prompt or one_line(context, prompt, taken_px=35) != prompt:
        _draw_words(layout, context, prompt)


def _draw_words(layout: bpy.types.UILayout, context: bpy.types.Context, prompt: str) -> None:
    """All of a prompt that the field is too narrow for."""
    if prompt:
        say(layout.box(), context, prompt, boxes=1, most_lines=_LINES_SHOWN)


def _draw_build(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session) -> None:
    state = session.state
    row = layout.row()
    row.scale_y = 1.5
    waits = state.job_runs
    brief_first = session.form.detail != "as-is" and session.form.reads_brief
    words = "Write the Brief" if brief_first else "Build"
    button(row, P2M_OT_build, text=f"{words} after This" if waits else words, icon="PLAY")
    if state.upload is not None and state.upload.total_bytes:
        sent, total = state.upload.sent_bytes, state.upload.total_bytes
        words = one_line(context, f"Sending {file_size(sent)} of {file_size(total)}")
        layout.progress(factor=min(sent / total, 1.0), text=words)
    elif state.at_work("Build"):
        say(layout, context, "Sending the prompt…", icon="SORTTIME")


class P2M_PT_context(Ours):
    """What goes with the prompt"""

    bl_idname = "P2M_PT_context"
    bl_label = "Context"
    bl_parent_id = "P2M_PT_prompt"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - as Blender has it

    def show(self, layout: bpy.types.UILayout, context: bpy.types.Context, session: Session, pump: Pump) -> None:
        form = form_of(context)
        column = layout.column(align=True)
        column.prop(form, "uses_selection")
        if session.form.uses_selection:
            count = len(context.selected_objects)
            column.row(align=True).prop(form, "context_format", expand=True)
            words = f"{count} selected: sent with the prompt" if count else "Nothing is selected."
            say(column, context, words, icon="RESTRICT_SELECT_OFF", alert=not count)
        column.prop(form, "uses_viewport")
        _draw_references(layout, context, session)


def _draw_references(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session) -> None:
    references = session.form.references
    column = layout.column(align=True)
    button(column, P2M_OT_add_references, text=f"Reference Pictures ({len(references)}/{REFERENCES_LIMIT})", icon="ADD")
    for index, path in enumerate(references):
        row = column.row(align=True)
        row.label(text=one_line(context, path.name, taken_px=50), icon="IMAGE_DATA", translate=False)
        button(row, P2M_OT_remove_reference, text="", icon="X", emboss=False).index = index


CLASSES = (P2M_PT_prompt, P2M_PT_context)
