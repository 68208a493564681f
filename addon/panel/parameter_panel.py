"""The panel of the open project's parameters (bpy)."""

import bpy

from .panel_base import Ours, button, draw_turning
from .parameter_draft import look_of, range_of
from .project_buttons import P2M_OT_apply_parameters, P2M_OT_revert_parameters
from .pump import Pump
from .session import Session
from .texts import one_line, say


class P2M_PT_parameters(Ours):
    """What the scene's code has a name for"""

    bl_idname = "P2M_PT_parameters"
    bl_label = "Parameters"
    bl_parent_id = "P2M_PT_main"
    bl_order = 4

    @classmethod
    def wanted(cls, session: Session) -> bool:
        return session.parameters is not None and bool(session.parameters.parameters.items)

    def show(self, layout: bpy.types.UILayout, context: bpy.types.Context, session: Session, pump: Pump) -> None:
        draft = session.parameters
        if draft is None:
            return
        items = draft.parameters.items
        step = -1
        column = layout.column(align=True)
        for parameter in session.pages.parameters.of(items):
            if parameter.step != step:
                step = parameter.step
                column = layout.column(align=True)
                title = parameter.step_title or f"Step {step}"
                column.label(text=one_line(context, title), translate=False)
            place = pump.fields.place(context, parameter.id)
            if place is None:
                continue
            look = look_of(parameter)
            slider = look in ("count", "number") and range_of(parameter) is not None
            row = column.row(align=True)
            if look in ("srgb", "linear", "linear_alpha"):
                row = row.split(factor=0.6, align=True)
                row.label(text=one_line(context, parameter.label, taken_px=100), translate=False)
                row.prop(*place, text="")
            else:
                row.prop(*place, slider=slider, translate=False)
        draw_turning(layout, session.pages.parameters, "parameters", len(items))
        _draw_buttons(layout, context, session)


def _draw_buttons(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session) -> None:
    row = layout.row(align=True)
    row.scale_y = 1.3
    count = len(session.parameters.values) if session.parameters else 0
    button(row, P2M_OT_apply_parameters, text=f"Apply ({count})" if count else "Apply", icon="CHECKMARK")
    button(row, P2M_OT_revert_parameters, text="", icon="LOOP_BACK")
    if session.state.at_work("ChangeParameters"):
        say(layout, context, "Sending the values…", icon="SORTTIME")


CLASSES = (P2M_PT_parameters,)
