"""The panels of projects and of the open one's history (bpy)."""

import datetime as dt
import functools
from typing import Any

import bpy

from ..core.types import Card, Snapshot
from .job_buttons import P2M_OT_import_scene
from .panel_base import Ours, button, draw_turning
from .project_buttons import (
    P2M_OT_branch_step,
    P2M_OT_list_projects,
    P2M_OT_move_scene,
    P2M_OT_open_project,
    P2M_OT_restore_step,
)
from .properties import form_of
from .pump import Pump
from .session import Session
from .texts import one_line, say
from .words import ago, card_line

_THUMBNAIL_ROWS = 3.0
_THUMBNAIL_PX = 75
"""What a thumbnail takes of its row's width, with the gap beside it."""


class P2M_PT_history(Ours):
    """The steps of the open project"""

    bl_idname = "P2M_PT_history"
    bl_label = "History"
    bl_parent_id = "P2M_PT_main"
    bl_order = 5

    @classmethod
    def wanted(cls, session: Session) -> bool:
        return session.state.project is not None

    def show(self, layout: bpy.types.UILayout, context: bpy.types.Context, session: Session, pump: Pump) -> None:
        project = session.state.project
        if project is None:
            return
        _draw_moves(layout, project.project)
        if not project.snapshots:
            say(layout, context, "Nothing has been built in this project yet.", icon="INFO")
        for snapshot in session.pages.history.of(project.snapshots):
            _draw_step(layout, context, session, pump, snapshot, project.project.id)
        draw_turning(layout, session.pages.history, "history", len(project.snapshots), more=project.more)


def _draw_moves(layout: bpy.types.UILayout, card: Card) -> None:
    row = layout.row(align=True)
    back = row.row(align=True)
    back.enabled = card.can_undo
    button(back, P2M_OT_move_scene, text="Undo", icon="LOOP_BACK").how = "undo"
    forth = row.row(align=True)
    forth.enabled = card.can_redo
    button(forth, P2M_OT_move_scene, text="Redo", icon="LOOP_FORWARDS").how = "redo"


def _draw_step(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    session: Session,
    pump: Pump,
    snapshot: Snapshot,
    project_id: str,
) -> None:
    beside = _beside_picture(layout, pump, session, snapshot.thumbnail_id)
    title = snapshot.label or snapshot.title or "A step"
    icon = "RADIOBUT_ON" if snapshot.is_head else "RADIOBUT_OFF"
    words = one_line(context, f"{snapshot.step}. {title}", taken_px=_THUMBNAIL_PX + 20, boxes=1)
    beside.label(text=words, icon=icon, translate=False)
    when = ago(snapshot.created_at, dt.datetime.now(dt.UTC))
    beside.label(text=one_line(context, when, taken_px=_THUMBNAIL_PX, boxes=1), translate=False)
    row = beside.row(align=True)
    restoring = row.row(align=True)
    restoring.enabled = not snapshot.is_head
    button(restoring, P2M_OT_restore_step, text="", icon="LOOP_BACK").snapshot_id = snapshot.id
    button(row, P2M_OT_branch_step, text="", icon="DUPLICATE").snapshot_id = snapshot.id
    brought = button(row, P2M_OT_import_scene, text="", icon="IMPORT")
    brought.project_id, brought.snapshot_id = project_id, snapshot.id


class P2M_PT_projects(Ours):
    """Your projects"""

    bl_idname = "P2M_PT_projects"
    bl_label = "Projects"
    bl_parent_id = "P2M_PT_main"
    bl_order = 6

    def show(self, layout: bpy.types.UILayout, context: bpy.types.Context, session: Session, pump: Pump) -> None:
        row = layout.row(align=True)
        row.prop(form_of(context), "query", text="", icon="VIEWZOOM", placeholder="Search")
        button(row, P2M_OT_list_projects, text="", icon="FILE_REFRESH")
        state = session.state
        if not state.cards:
            _draw_none(layout, context, session)
        opened = state.project.project.id if state.project else ""
        for card in session.pages.projects.of(state.cards):
            _draw_card(layout, context, session, pump, card, is_open=card.id == opened)
        draw_turning(layout, session.pages.projects, "projects", len(state.cards), more=state.more_cards)


def _draw_none(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session) -> None:
    if session.state.at_work("ListProjects"):
        words = "Reading your projects…"
    else:
        words = "No project has these words." if session.form.query.strip() else "Your projects will be here."
    say(layout, context, words, icon="INFO")


def _draw_card(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    session: Session,
    pump: Pump,
    card: Card,
    *,
    is_open: bool,
) -> None:
    beside = _beside_picture(layout, pump, session, card.picture_id)
    name = one_line(context, card.name, taken_px=_THUMBNAIL_PX, boxes=1)
    beside.label(text=name, translate=False)
    when = ago(card.updated_at, dt.datetime.now(dt.UTC))
    facts = " · ".join(words for words in (card_line(card), when) if words)
    beside.label(text=one_line(context, facts, taken_px=_THUMBNAIL_PX, boxes=1), translate=False)
    row = beside.row(align=True)
    button(row, P2M_OT_open_project, text="Opened" if is_open else "Open", depress=is_open).project_id = card.id
    bringing = row.row(align=True)
    bringing.enabled = card.head_snapshot_id is not None
    brought = button(bringing, P2M_OT_import_scene, text="", icon="IMPORT")
    brought.project_id, brought.snapshot_id = card.id, ""


def _beside_picture(
    layout: bpy.types.UILayout, pump: Pump, session: Session, picture_id: str | None
) -> bpy.types.UILayout:
    """A box with a thumbnail on its left; returns the column on its right."""
    row = layout.box().row()
    left = row.column()
    left.alignment = "LEFT"
    icon = pump.pictures.icon(session.state.pictures.get(picture_id)) if picture_id else 0
    left.template_icon(icon_value=icon or _no_picture(), scale=_THUMBNAIL_ROWS)
    return row.column(align=True)


@functools.cache
def _no_picture() -> int:
    """The number of Blender's own icon for a scene without a picture."""
    layout: Any = bpy.types.UILayout
    return layout.bl_rna.functions["label"].parameters["icon"].enum_items["MESH_CUBE"].value


CLASSES = (P2M_PT_history, P2M_PT_projects)
