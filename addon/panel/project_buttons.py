"""Buttons of projects, their history and their parameters (bpy)."""

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from ..core import messages as m
from .asking import Asking
from .pages import Page
from .session import Session

_MOVING = ("Move", "Branch", "ChangeParameters")


class P2M_OT_list_projects(Asking):
    """Read your projects from the server again"""

    bl_idname = "p2m.list_projects"
    bl_label = "Refresh"

    def run(self, session: Session, context: bpy.types.Context) -> str:
        session.pages.projects.first = 0
        session.list_projects()
        return ""


class P2M_OT_open_project(Asking):
    """Go on with this project: its history, its parameters, and the next prompt"""

    bl_idname = "p2m.open_project"
    bl_label = "Open"

    if TYPE_CHECKING:
        project_id: str
    else:
        project_id: StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    def run(self, session: Session, context: bpy.types.Context) -> str:
        session.submit(m.OpenProject(project_id=self.project_id))
        return ""


class P2M_OT_turn_page(Asking):
    """Show the next ones, or those before"""

    bl_idname = "p2m.turn_page"
    bl_label = "Turn the Page"

    if TYPE_CHECKING:
        of: str
        by: int
    else:
        of: StringProperty(options={"SKIP_SAVE", "HIDDEN"})
        by: IntProperty(options={"SKIP_SAVE", "HIDDEN"})

    def run(self, session: Session, context: bpy.types.Context) -> str:
        total = _total(session, self.of)
        page: Page | None = getattr(session.pages, self.of, None)
        if total is None or page is None:
            return ""
        if page.can_turn(self.by, total):
            page.turn(self.by, total)
            session.changed = True
        elif self.by > 0:
            _ask_for_more(session, self.of)
        return ""


def _total(session: Session, of: str) -> int | None:
    project = session.state.project
    totals = {"projects": len(session.state.cards)}
    if project is not None:
        totals["history"] = len(project.snapshots)
    if session.parameters is not None:
        totals["parameters"] = len(session.parameters.parameters.items)
    return totals.get(of)


def _ask_for_more(session: Session, of: str) -> None:
    """The server has more than was read; the page is turned again when they are here."""
    project = session.state.project
    if of == "projects" and session.state.more_cards:
        session.list_projects(more=True)
    elif of == "history" and project is not None and project.more:
        session.submit(m.OpenProject(project_id=project.project.id, more=True))


class _OfOpenProject(Asking):
    """Root of those that need an open project at which nothing works."""

    @classmethod
    def grey_because(cls, session: Session, context: bpy.types.Context) -> str:
        if session.state.project is None:
            return "Open a project first."
        if session.state.at_work(*_MOVING):
            return "The last change is being made."
        job = session.state.job
        if job is not None and not job.ended and job.project_id == session.state.project.project.id:
            return "A job is at work on this project."
        return ""


class P2M_OT_move_scene(_OfOpenProject):
    """Undo or redo the project's last change, in the cloud"""

    bl_idname = "p2m.move_scene"
    bl_label = "Undo or Redo"

    if TYPE_CHECKING:
        how: Any
    else:
        how: EnumProperty(
            items=[("undo", "Undo", "Go one step back"), ("redo", "Redo", "Go one step forward")],
            options={"SKIP_SAVE", "HIDDEN"},
        )

    def run(self, session: Session, context: bpy.types.Context) -> str:
        project = session.state.project
        if project is not None:
            session.submit(m.Move(project_id=project.project.id, how=self.how))
        return ""


class _OfStep(_OfOpenProject):
    """Root of those that are about one step of the history."""

    if TYPE_CHECKING:
        snapshot_id: str
    else:
        snapshot_id: StringProperty(options={"SKIP_SAVE", "HIDDEN"})


class P2M_OT_restore_step(_OfStep):
    """Make this step the project's scene again; later steps stay in the history"""

    bl_idname = "p2m.restore_step"
    bl_label = "Restore"

    def run(self, session: Session, context: bpy.types.Context) -> str:
        project = session.state.project
        if project is not None:
            session.submit(m.Move(project_id=project.project.id, how="restore", snapshot_id=self.snapshot_id))
        return ""


class P2M_OT_branch_step(_OfStep):
    """Begin a new project with this step's scene"""

    bl_idname = "p2m.branch_step"
    bl_label = "Branch"

    def run(self, session: Session, context: bpy.types.Context) -> str:
        project = session.state.project
        if project is not None:
            session.submit(m.Branch(project_id=project.project.id, snapshot_id=self.snapshot_id))
        return ""


class P2M_OT_apply_parameters(_OfOpenProject):
    """Make the scene anew with these values, in the cloud"""

    bl_idname = "p2m.apply_parameters"
    bl_label = "Apply"

    @classmethod
    def grey_because(cls, session: Session, context: bpy.types.Context) -> str:
        if session.parameters is None or not session.parameters.values:
            return "No parameter is changed."
        return super().grey_because(session, context)

    def run(self, session: Session, context: bpy.types.Context) -> str:
        draft = session.parameters
        if draft is not None:
            head = draft.parameters.head_snapshot_id
            values = {own_id: list(v) if isinstance(v, tuple) else v for own_id, v in draft.values.items()}
            session.build(m.ChangeParameters(project_id=draft.project_id, values=values, expected_head=head))
        return ""


class P2M_OT_revert_parameters(Asking):
    """Back to the values that the scene has"""

    bl_idname = "p2m.revert_parameters"
    bl_label = "Revert"

    @classmethod
    def grey_because(cls, session: Session, context: bpy.types.Context) -> str:
        return "" if session.parameters and session.parameters.values else "No parameter is changed."

    def run(self, session: Session, context: bpy.types.Context) -> str:
        if session.parameters is not None:
            session.parameters.revert()
            session.changed = True
        return ""


CLASSES = (
    P2M_OT_list_projects,
    P2M_OT_open_project,
    P2M_OT_turn_page,
    P2M_OT_move_scene,
    P2M_OT_restore_step,
    P2M_OT_branch_step,
    P2M_OT_apply_parameters,
    P2M_OT_revert_parameters,
)
