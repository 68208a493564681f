"""The tab's first panel: how we stand with the server, what went wrong, which jobs go on (bpy)."""

import bpy

from .account import draw_account
from .help_buttons import P2M_OT_diagnose, P2M_OT_dismiss
from .job_buttons import P2M_OT_watch_job
from .panel_base import Ours, button
from .pump import Pump
from .session import Session
from .texts import one_line, say

_JOBS_SHOWN = 3


class P2M_PT_main(Ours):
    """Prompt2Mesh"""

    bl_idname = "P2M_PT_main"
    bl_label = "Prompt2Mesh"
    bl_order = 0
    needs_sign_in = False

    def show(self, layout: bpy.types.UILayout, context: bpy.types.Context, session: Session, pump: Pump) -> None:
        draw_account(layout, context, session)
        _draw_version(layout, context, session)
        _draw_trouble(layout, context, session)
        _draw_jobs_found(layout, context, session)


def _draw_version(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session) -> None:
    state = session.state
    if state.version_words:
        box = layout.box()
        say(box, context, state.version_words, icon="ERROR", alert=state.version_blocks, boxes=1)


def _draw_trouble(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session) -> None:
    """The last error and the last piece of news, each in one sentence that can be sent away."""
    trouble = session.state.trouble
    sentence = session.refused or (trouble.sentence if trouble else "")
    if sentence:
        box = layout.box().column()
        say(box, context, sentence, icon="ERROR", alert=True, boxes=1)
        row = box.row(align=True)
        if not session.refused:
            button(row, P2M_OT_diagnose, icon="VIEWZOOM")
        button(row, P2M_OT_dismiss, icon="X")
    elif session.told:
        row = layout.box().row()
        say(row.column(), context, session.told, icon="CHECKMARK", boxes=1, taken_px=30)
        button(row, P2M_OT_dismiss, text="", icon="X", emboss=False)


def _draw_jobs_found(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session) -> None:
    state = session.state
    followed = state.job.id if state.job else ""
    jobs = [job for job in state.jobs_found if job.id != followed]
    if not jobs or not state.signed_in:
        return
    box = layout.box().column()
    words = "A job of yours goes on:" if len(jobs) == 1 else f"{len(jobs)} jobs of yours go on:"
    say(box, context, words, icon="INFO", boxes=1)
    for job in jobs[:_JOBS_SHOWN]:
        row = box.row(align=True)
        row.label(text=one_line(context, job.prompt or job.kind, taken_px=80, boxes=1), translate=False)
        watching = row.row(align=True)
        watching.alignment = "RIGHT"
        button(watching, P2M_OT_watch_job, icon="HIDE_OFF").job_id = job.id


CLASSES = (P2M_PT_main,)
