"""The panel of the job that is followed: its live picture and steps, then its result (bpy)."""

import time

import bpy

from ..core.types import JobResult, JobView
from .job_buttons import (
    P2M_OT_cancel_download,
    P2M_OT_cancel_job,
    P2M_OT_import_scene,
    P2M_OT_stop_watching,
)
from .panel_base import Ours, button
from .preferences import picture_rows
from .properties import form_of
from .pump import Pump
from .session import Session, brings_a_scene
from .texts import one_line, say
from .words import count, duration, file_size, made, spent

_NOT_BUILT_SHOWN = 5
_UNSEEN = 0.01
_KINDS = {"parameters": "New values", "refine": "Brief", "import": "Import", "export": "Export"}


class P2M_PT_job(Ours):
    """The job that is followed"""

    bl_idname = "P2M_PT_job"
    bl_label = "Build"
    bl_parent_id = "P2M_PT_main"
    bl_order = 2

    @classmethod
    def wanted(cls, session: Session) -> bool:
        return session.state.job is not None

    def show(self, layout: bpy.types.UILayout, context: bpy.types.Context, session: Session, pump: Pump) -> None:
        job = session.state.job
        if job is None:
            return
        row = layout.row(align=True)
        row.label(text=one_line(context, job.prompt or _KINDS.get(job.kind, "Job"), taken_px=50), translate=False)
        button(row, P2M_OT_stop_watching, text="", icon="X", emboss=False)
        _draw_picture(layout, session, pump)
        if job.ended:
            _draw_end(layout, context, job)
        else:
            _draw_progress(layout, context, job)


def _draw_picture(layout: bpy.types.UILayout, session: Session, pump: Pump) -> None:
    shown, coming = pump.live.take(session.state.job_picture, time.monotonic())
    if shown is not None:
        layout.template_icon(icon_value=pump.pictures.icon(shown), scale=picture_rows())
    if coming is not None:
        layout.template_icon(icon_value=pump.pictures.icon(coming), scale=_UNSEEN)


def _draw_progress(layout: bpy.types.UILayout, context: bpy.types.Context, job: JobView) -> None:
    column = layout.column(align=True)
    passed = duration(job.elapsed_s(time.monotonic()))
    # The words stand above the bar: in a narrow sidebar they would not fit on it.
    say(column, context, job.stage_words, icon="RENDER_ANIMATION")
    column.progress(factor=job.fraction, type="BAR", text=passed)
    doing = job.link_words or job.doing or job.step_title
    if doing and doing != job.stage_words:
        say(layout, context, doing, icon="SORTTIME", alert=job.link == "lost", most_lines=3)
    _draw_facts(layout, context, job)
    row = layout.row()
    row.scale_y = 1.3
    words = "Cancelling…" if job.cancel_requested else "Cancel"
    button(row, P2M_OT_cancel_job, text=words, icon="CANCEL")


def _draw_facts(layout: bpy.types.UILayout, context: bpy.types.Context, job: JobView) -> None:
    column = layout.column(align=True)
    if job.steps_done:
        say(column, context, f"{count(job.steps_done, 'step')} done", icon="LINENUMBERS_ON")
    used = spent(job.usage, job.usd_limit)
    if used:
        say(column, context, used, icon="TEXT")


def _draw_end(layout: bpy.types.UILayout, context: bpy.types.Context, job: JobView) -> None:
    if job.error is not None:
        say(layout.box(), context, job.error.sentence, icon="ERROR", alert=True, boxes=1)
    elif job.state == "cancelled":
        say(layout, context, "Cancelled; what was built before is in the history.", icon="CANCEL")
    elif job.state == "failed":
        say(layout, context, "The job failed; send the prompt again.", icon="ERROR", alert=True)
    if job.result is not None:
        _draw_result(layout, context, job.result, succeeded=job.state == "succeeded")


def _draw_result(layout: bpy.types.UILayout, context: bpy.types.Context, result: JobResult, *, succeeded: bool) -> None:
    column = layout.column(align=True)
    if succeeded:
        say(column, context, f"Done in {duration(result.seconds)}", icon="CHECKMARK")
    if result.objects:
        say(column, context, made(result), icon="OBJECT_DATA")
    used = spent(result.usage)
    if used:
        say(column, context, used, icon="TEXT")
    if result.summary:
        say(layout, context, result.summary, most_lines=8)
    for words in result.not_built[:_NOT_BUILT_SHOWN]:
        say(layout, context, f"Not built: {words}", icon="INFO", most_lines=3)
    if result.passed is False and result.verdict:
        say(layout, context, f"The reviewer says: {result.verdict}", icon="INFO", most_lines=6)


class P2M_PT_import(Ours):
    """How a scene arrives in this file"""

    bl_idname = "P2M_PT_import"
    bl_label = "Import"
    bl_parent_id = "P2M_PT_main"
    bl_order = 3

    @classmethod
    def wanted(cls, session: Session) -> bool:
        return bool(session.wanted or session.arrivals) or _source(session) is not None

    def show(self, layout: bpy.types.UILayout, context: bpy.types.Context, session: Session, pump: Pump) -> None:
        if session.wanted or session.arrivals or pump.arriving.is_on:
            _draw_arrival(layout, context, session, pump)
            return
        form = form_of(context)
        column = layout.column(align=True)
        column.row(align=True).prop(form, "how", expand=True)
        column.prop(form, "where", text="")
        if session.form.where == "NEW_COLLECTION":
            column.row(align=True).prop(form, "place", expand=True)
        project_id = _source(session)
        if project_id is not None:
            row = layout.row()
            row.scale_y = 1.3
            chosen = button(row, P2M_OT_import_scene, icon="IMPORT")
            chosen.project_id, chosen.snapshot_id = project_id, ""


def _source(session: Session) -> str | None:
    """The project whose scene the button brings: that of the job that has just ended, else the one that is open."""
    job, project = session.state.job, session.state.project
    if job is not None and brings_a_scene(job):
        return job.project_id
    return project.project.id if project is not None and project.project.head_snapshot_id else None


def _draw_arrival(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session, pump: Pump) -> None:
    step = pump.arriving.step
    if pump.arriving.is_on and step is not None:
        say(layout, context, step.sentence, icon="IMPORT")
        layout.progress(factor=min(max(step.fraction, 0.0), 1.0), type="BAR")
        if step.busy_s >= 1:
            say(layout, context, f"Blender will be busy for about {step.busy_s:.0f} s.", icon="INFO")
        return
    if session.arrivals:
        say(layout, context, "Waiting till Blender is free…", icon="SORTTIME")
        return
    for order_id in session.wanted:
        download = session.state.downloads.get(order_id)
        if download is None or not download.total_bytes:
            say(layout, context, "Asking for the scene…", icon="SORTTIME")
        else:
            words = f"{file_size(download.got_bytes)} of {file_size(download.total_bytes)}"
            layout.progress(factor=download.fraction, type="BAR", text=one_line(context, words))
    button(layout, P2M_OT_cancel_download, icon="X")


CLASSES = (P2M_PT_job, P2M_PT_import)
