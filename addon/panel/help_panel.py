"""The panel of the diagnosis (bpy)."""

import bpy

from .account import P2M_OT_open_preferences
from .help_buttons import P2M_OT_copy_report, P2M_OT_diagnose
from .panel_base import Ours, button
from .pump import Pump
from .session import Session
from .texts import say


class P2M_PT_help(Ours):
    """What to do when something does not work"""

    bl_idname = "P2M_PT_help"
    bl_label = "Help"
    bl_parent_id = "P2M_PT_main"
    bl_order = 7
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - as Blender has it
    needs_sign_in = False

    def show(self, layout: bpy.types.UILayout, context: bpy.types.Context, session: Session, pump: Pump) -> None:
        state = session.state
        row = layout.row(align=True)
        button(row, P2M_OT_diagnose, icon="VIEWZOOM")
        button(row, P2M_OT_open_preferences, text="", icon="PREFERENCES")
        if state.at_work("Diagnose"):
            say(layout, context, "Checking…", icon="SORTTIME")
        elif state.report:
            box = layout.box().column()
            say(box, context, state.report_words or "All is well.", icon="ERROR" if state.report_words else "CHECKMARK")
            for line in state.report.splitlines()[:40]:
                say(box, context, line, boxes=1)
            button(layout, P2M_OT_copy_report, icon="COPYDOWN")


CLASSES = (P2M_PT_help,)
