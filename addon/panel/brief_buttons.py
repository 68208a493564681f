"""Buttons of the brief that is read before it is built (bpy)."""

from typing import TYPE_CHECKING

import bpy
from bpy.props import IntProperty

from ..core import messages as m
from .asking import Asking
from .session import Session


class _WithBrief(Asking):
    """Root of those that need a brief."""

    needs_sign_in = False

    @classmethod
    def grey_because(cls, session: Session, context: bpy.types.Context) -> str:
        return "" if session.brief else "There is no brief."


class P2M_OT_build_brief(_WithBrief):
    """Build what the brief says now"""

    bl_idname = "p2m.build_brief"
    bl_label = "Build This"
    needs_sign_in = True

    @classmethod
    def grey_because(cls, session: Session, context: bpy.types.Context) -> str:
        if session.brief is None:
            return "There is no brief."
        if session.state.at_work("Build", "BuildBrief"):
            return "The brief is being sent."
        return session.brief.amiss()

    def run(self, session: Session, context: bpy.types.Context) -> str:
        if session.brief is not None:
            session.build(m.BuildBrief(job_id=session.brief.job_id, brief=session.brief.finished()))
        return ""


class P2M_OT_discard_brief(_WithBrief):
    """Do not build it; the prompt stays"""

    bl_idname = "p2m.discard_brief"
    bl_label = "Discard"

    def run(self, session: Session, context: bpy.types.Context) -> str:
        session.brief = None
        session.state.drop_brief()
        return ""


class _OfItem(_WithBrief):
    """Root of those that are about one part or check; `index` -1: none."""

    if TYPE_CHECKING:
        index: int
    else:
        index: IntProperty(options={"SKIP_SAVE", "HIDDEN"}, default=-1)


class P2M_OT_open_part(_OfItem):
    """Change this part"""

    bl_idname = "p2m.open_part"
    bl_label = "Change the Part"

    def run(self, session: Session, context: bpy.types.Context) -> str:
        if session.brief is not None:
            session.brief.part = -1 if session.brief.part == self.index else self.index
        return ""


class P2M_OT_add_part(_WithBrief):
    """Add a part to the brief"""

    bl_idname = "p2m.add_part"
    bl_label = "Add a Part"

    def run(self, session: Session, context: bpy.types.Context) -> str:
        if session.brief is None or session.brief.add_part():
            return ""
        return "A brief has no more parts than these."


class P2M_OT_remove_part(_OfItem):
    """Take this part out of the brief"""

    bl_idname = "p2m.remove_part"
    bl_label = "Remove the Part"

    def run(self, session: Session, context: bpy.types.Context) -> str:
        if session.brief is not None:
            session.brief.remove_part(self.index)
        return ""


class P2M_OT_open_check(_OfItem):
    """Change what must be true at the end"""

    bl_idname = "p2m.open_check"
    bl_label = "Change the Check"

    def run(self, session: Session, context: bpy.types.Context) -> str:
        if session.brief is not None:
            session.brief.check = -1 if session.brief.check == self.index else self.index
        return ""


class P2M_OT_add_check(_WithBrief):
    """Add something that must be true at the end"""

    bl_idname = "p2m.add_check"
    bl_label = "Add a Check"

    def run(self, session: Session, context: bpy.types.Context) -> str:
        if session.brief is None or session.brief.add_check():
            return ""
        return "A brief has no more checks than these."


class P2M_OT_remove_check(_OfItem):
    """Take this check out of the brief"""

    bl_idname = "p2m.remove_check"
    bl_label = "Remove the Check"

    def run(self, session: Session, context: bpy.types.Context) -> str:
        if session.brief is not None:
            session.brief.remove_check(self.index)
        return ""


CLASSES = (
    P2M_OT_build_brief,
    P2M_OT_discard_brief,
    P2M_OT_open_part,
    P2M_OT_add_part,
    P2M_OT_remove_part,
    P2M_OT_open_check,
    P2M_OT_add_check,
    P2M_OT_remove_check,
)
