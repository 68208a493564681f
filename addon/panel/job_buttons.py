"""Buttons of a job and of its result (bpy)."""

from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty

from ..core import messages as m
from .asking import Asking
from .session import Session


class P2M_OT_cancel_job(Asking):
    """End the job; what it has built so far stays in the project's history"""

    bl_idname = "p2m.cancel_job"
    bl_label = "Cancel"

    @classmethod
    def grey_because(cls, session: Session, context: bpy.types.Context) -> str:
        job = session.state.job
        if job is None or job.ended:
            return "No job runs."
        return "The job is being cancelled." if job.cancel_requested else ""

    def run(self, session: Session, context: bpy.types.Context) -> str:
        job = session.state.job
        if job is not None:
            session.submit(m.CancelJob(job_id=job.id))
        return ""


class P2M_OT_watch_job(Asking):
    """Follow this job, which goes on in the cloud"""

    bl_idname = "p2m.watch_job"
    bl_label = "Watch"

    if TYPE_CHECKING:
        job_id: str
    else:
        job_id: StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    def run(self, session: Session, context: bpy.types.Context) -> str:
        session.submit(m.Watch(job_id=self.job_id))
        return ""


class P2M_OT_stop_watching(Asking):
    """Show this job no more; it goes on in the cloud"""

    bl_idname = "p2m.stop_watching"
    bl_label = "Watch No More"

    def run(self, session: Session, context: bpy.types.Context) -> str:
        session.submit(m.StopWatching())
        return ""


class P2M_OT_import_scene(Asking):
    """Bring the scene into this file, as chosen here"""

    bl_idname = "p2m.import_scene"
    bl_label = "Import"

    if TYPE_CHECKING:
        project_id: str
        snapshot_id: str
    else:
        project_id: StringProperty(options={"SKIP_SAVE", "HIDDEN"})
        snapshot_id: StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def grey_because(cls, session: Session, context: bpy.types.Context) -> str:
        coming = session.wanted or session.arrivals
        return "A scene is on its way." if coming else ""

    def run(self, session: Session, context: bpy.types.Context) -> str:
        session.bring(m.Download(project_id=self.project_id, snapshot_id=self.snapshot_id or None))
        return ""


class P2M_OT_cancel_download(Asking):
    """End the download; nothing of it is left"""

    bl_idname = "p2m.cancel_download"
    bl_label = "Cancel"

    def run(self, session: Session, context: bpy.types.Context) -> str:
        for order_id in list(session.wanted):
            session.submit(m.CancelDownload(download=order_id))
        session.wanted.clear()
        return ""


CLASSES = (
    P2M_OT_cancel_job,
    P2M_OT_watch_job,
    P2M_OT_stop_watching,
    P2M_OT_import_scene,
    P2M_OT_cancel_download,
)
