# pyright: reportAttributeAccessIssue=false
# The stubs of bpy have some properties of the context as methods.
"""Buttons of errors and of the diagnosis (bpy)."""

import bpy

from ..core import messages as m
from .asking import Asking
from .session import Session


class P2M_OT_diagnose(Asking):
    """Check network, time, version, sign-in and server, and say what is amiss"""

    bl_idname = "p2m.diagnose"
    bl_label = "Diagnose"
    needs_sign_in = False

    @classmethod
    def grey_because(cls, session: Session, context: bpy.types.Context) -> str:
        return "The checks are running." if session.state.at_work("Diagnose") else ""

    def run(self, session: Session, context: bpy.types.Context) -> str:
        session.submit(m.Diagnose())
        return ""


class P2M_OT_copy_report(Asking):
    """Copy the report; it holds no token, password or prompt"""

    bl_idname = "p2m.copy_report"
    bl_label = "Copy the Report"
    needs_sign_in = False

    @classmethod
    def grey_because(cls, session: Session, context: bpy.types.Context) -> str:
        return "" if session.state.report else "There is no report yet; press Diagnose."

    def run(self, session: Session, context: bpy.types.Context) -> str:
        context.window_manager.clipboard = session.state.report
        self.report({"INFO"}, "The report is in the clipboard.")
        return ""


class P2M_OT_dismiss(Asking):
    """I have read it"""

    bl_idname = "p2m.dismiss"
    bl_label = "Dismiss"
    needs_sign_in = False

    def run(self, session: Session, context: bpy.types.Context) -> str:
        session.refused = session.told = ""
        session.state.clear_trouble()
        session.changed = True
        return ""


CLASSES = (P2M_OT_diagnose, P2M_OT_copy_report, P2M_OT_dismiss)
