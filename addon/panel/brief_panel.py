"""The panel of the brief: to be read, and to be changed before it is built (bpy)."""

import bpy

from .brief_buttons import (
    P2M_OT_add_check,
    P2M_OT_add_part,
    P2M_OT_build_brief,
    P2M_OT_discard_brief,
    P2M_OT_open_check,
    P2M_OT_open_part,
    P2M_OT_remove_check,
    P2M_OT_remove_part,
)
from .brief_draft import BriefDraft
from .panel_base import Ours, button
from .properties import brief_of
from .pump import Pump
from .session import Session
from .texts import one_line, say
from .words import part_line


class P2M_PT_brief(Ours):
    """What will be built"""

    bl_idname = "P2M_PT_brief"
    bl_label = "Brief"
    bl_parent_id = "P2M_PT_main"
    bl_order = 0

    @classmethod
    def wanted(cls, session: Session) -> bool:
        return session.brief is not None

    def show(self, layout: bpy.types.UILayout, context: bpy.types.Context, session: Session, pump: Pump) -> None:
        draft = session.brief
        if draft is None:
            return
        fields = brief_of(context)
        say(layout, context, "This is what will be built. Change what you like, then build it.")
        layout.prop(fields, "title", text="", icon="FILE_TEXT")
        _draw_long(layout, context, draft, "summary", "What it is")
        _draw_parts(layout, context, draft)
        _draw_long(layout, context, draft, "proportions", "Proportions")
        _draw_long(layout, context, draft, "style", "Style")
        _draw_checks(layout, context, draft)
        amiss = draft.amiss()
        if amiss:
            say(layout, context, amiss, icon="ERROR", alert=True)
        row = layout.row(align=True)
        row.scale_y = 1.5
        button(row, P2M_OT_build_brief, icon="PLAY")
        button(row, P2M_OT_discard_brief, text="", icon="X")


def _draw_long(
    layout: bpy.types.UILayout, context: bpy.types.Context, draft: BriefDraft, name: str, heading: str
) -> None:
    """A field, and below it its words where they do not fit into it."""
    column = layout.column(align=True)
    column.label(text=heading)
    column.prop(brief_of(context), name, text="")
    words = getattr(draft.brief, name)
    if one_line(context, words) != words:
        say(column, context, words, most_lines=8)


def _draw_parts(layout: bpy.types.UILayout, context: bpy.types.Context, draft: BriefDraft) -> None:
    column = layout.column(align=True)
    row = column.row(align=True)
    row.label(text=f"Parts ({len(draft.brief.parts)})")
    button(row, P2M_OT_add_part, text="", icon="ADD", emboss=False)
    for index, part in enumerate(draft.brief.parts):
        row = column.row(align=True)
        row.alignment = "LEFT"
        is_open = index == draft.part
        icon = "DISCLOSURE_TRI_DOWN" if is_open else "DISCLOSURE_TRI_RIGHT"
        words = one_line(context, part_line(part), taken_px=30)
        button(row, P2M_OT_open_part, text=words, icon=icon, emboss=False, translate=False).index = index
        if is_open:
            _draw_part(column.box().column(align=True), context, index)


def _draw_part(layout: bpy.types.UILayout, context: bpy.types.Context, index: int) -> None:
    fields = brief_of(context)
    layout.prop(fields, "part_name", text="")
    layout.prop(fields, "part_count")
    layout.prop(fields, "part_size")
    layout.prop(fields, "part_material", text="", placeholder="Material")
    layout.prop(fields, "part_description", text="", placeholder="Description")
    button(layout, P2M_OT_remove_part, icon="TRASH").index = index


def _draw_checks(layout: bpy.types.UILayout, context: bpy.types.Context, draft: BriefDraft) -> None:
    column = layout.column(align=True)
    row = column.row(align=True)
    row.label(text=one_line(context, "Must be true at the end", taken_px=25))
    button(row, P2M_OT_add_check, text="", icon="ADD", emboss=False)
    for index, check in enumerate(draft.brief.checks):
        row = column.row(align=True)
        if index == draft.check:
            row.prop(brief_of(context), "check", text="", icon="CHECKMARK")
            button(row, P2M_OT_remove_check, text="", icon="TRASH").index = index
            say(column, context, check)
            continue
        row.alignment = "LEFT"
        words = one_line(context, check or "Nothing yet", taken_px=30)
        button(row, P2M_OT_open_check, text=words, icon="CHECKMARK", emboss=False, translate=False).index = index


CLASSES = (P2M_PT_brief,)
