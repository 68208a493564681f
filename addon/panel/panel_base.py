"""The root of our panels (bpy)."""

from typing import Any, ClassVar

import bpy

from .pages import Page
from .project_buttons import P2M_OT_turn_page
from .pump import Pump, current_pump
from .redraw import CATEGORY
from .session import Session, current


class Ours(bpy.types.Panel):
    """Mixed into each panel: it is drawn while the add-on is registered and `wanted` says so."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = CATEGORY
    needs_sign_in: ClassVar[bool] = True

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        session = current()
        if session is None or (cls.needs_sign_in and not session.state.signed_in):
            return False
        return cls.wanted(session)

    @classmethod
    def wanted(cls, session: Session) -> bool:
        """Whether there is anything to show."""
        return True

    def draw(self, context: bpy.types.Context) -> None:
        session, pump = current(), current_pump()
        if session is not None and pump is not None and self.layout is not None:
            self.show(self.layout, context, session, pump)

    def show(self, layout: bpy.types.UILayout, context: bpy.types.Context, session: Session, pump: Pump) -> None:
        """Draw it."""
        raise NotImplementedError


def button(layout: bpy.types.UILayout, operator: type[bpy.types.Operator], **more: Any) -> Any:
    """Draw an operator's button. Returns: its properties, to be set."""
    return layout.operator(operator.bl_idname, **more)


def draw_turning(layout: bpy.types.UILayout, page: Page, of: str, total: int, *, more: bool = False) -> None:
    """The buttons to turn a list's page, where it has more than one; `more`: the server has more than these."""
    if total <= page.size and not more:
        return
    row = layout.row(align=True)
    back = row.row(align=True)
    back.enabled = page.can_turn(-1, total)
    _turning(back, of, -1, "TRIA_LEFT")
    middle = row.row(align=True)
    middle.alignment = "CENTER"
    last = min(page.first + page.size, total)
    middle.label(text=f"{page.first + 1}–{last} of {total}{'+' if more else ''}", translate=False)
    forth = row.row(align=True)
    forth.enabled = more or page.can_turn(1, total)
    _turning(forth, of, 1, "TRIA_RIGHT")


def _turning(layout: bpy.types.UILayout, of: str, by: int, icon: str) -> None:
    turned = button(layout, P2M_OT_turn_page, text="", icon=icon)
    turned.of, turned.by = of, by
