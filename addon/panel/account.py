# pyright: reportAttributeAccessIssue=false
# The stubs of bpy have some properties of the context as methods.
"""Signing in and out: what is drawn of it, in the sidebar and in the preferences, and its buttons (bpy)."""

import time
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import StringProperty

from ..core import messages as m
from .asking import CANCELLED, Asking, Result
from .package import ROOT
from .session import Session, current
from .texts import one_line, say
from .words import duration


def draw_account(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session) -> None:
    """How we stand with the server, and what can be done about it."""
    _DRAWN[session.state.connection](layout, context, session)


def _draw_signed_out(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session) -> None:
    say(layout, context, session.state.connection_words or "You are signed out.", icon="USER")
    _draw_server(layout, context, session)
    column = layout.column(align=True)
    row = column.row()
    row.scale_y = 1.4
    row.operator(P2M_OT_sign_in.bl_idname, icon="URL")
    column.operator(P2M_OT_sign_in_with_token.bl_idname, icon="KEYINGSET")


def _draw_server(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session) -> None:
    row = layout.row(align=True)
    address = session.server.server if session.server else ""
    row.label(text=one_line(context, address or "No server", taken_px=50), icon="WORLD", translate=False)
    _draw_way_to_preferences(row, context)


def _draw_way_to_preferences(row: bpy.types.UILayout, context: bpy.types.Context) -> None:
    if context.area.type != "PREFERENCES":
        row.operator(P2M_OT_open_preferences.bl_idname, text="", icon="PREFERENCES", emboss=False)


def _draw_code(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session) -> None:
    code = session.state.code
    if code is None:
        say(layout, context, "Asking the server for a code…", icon="SORTTIME")
        layout.operator(P2M_OT_cancel_sign_in.bl_idname, icon="X")
        return
    say(layout, context, "Confirm this code in your browser:", icon="URL")
    box = layout.box().column()
    row = box.row()
    row.alignment = "CENTER"
    row.scale_y = 1.6
    row.label(text=code.user_code, translate=False)
    buttons = layout.column(align=True)
    row = buttons.row(align=True)
    row.scale_y = 1.3
    row.operator(P2M_OT_open_sign_in_page.bl_idname, icon="URL")
    row.operator(P2M_OT_copy_code.bl_idname, text="", icon="COPYDOWN")
    say(layout, context, f"Or open {code.plain_url} on any device and type the code.")
    left_s = code.until_s - time.monotonic()
    say(layout, context, f"Waiting for you · {duration(left_s)} left", icon="SORTTIME")
    layout.operator(P2M_OT_cancel_sign_in.bl_idname, icon="X")


def _draw_signing_in(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session) -> None:
    say(layout, context, session.state.connection_words or "Signing in…", icon="SORTTIME")
    layout.operator(P2M_OT_cancel_sign_in.bl_idname, icon="X")


def _draw_signed_in(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session) -> None:
    user = session.state.user
    row = layout.row(align=True)
    name = user.username if user else "Signed in"
    row.label(text=one_line(context, name, taken_px=90), icon="USER", translate=False)
    _draw_way_to_preferences(row, context)
    row.operator(
        P2M_OT_sign_out.bl_idname, text="Sign out" if context.area.type == "PREFERENCES" else "", icon="UNLINKED"
    )
    if session.state.connection_words:
        say(layout, context, session.state.connection_words, icon="INFO")


def _draw_offline(layout: bpy.types.UILayout, context: bpy.types.Context, session: Session) -> None:
    words = session.state.connection_words or "No connection to the server."
    say(layout, context, words, icon="INTERNET_OFFLINE", alert=True)
    _draw_server(layout, context, session)
    layout.operator(P2M_OT_connect.bl_idname, icon="FILE_REFRESH")


_DRAWN = {
    "signed_out": _draw_signed_out,
    "code_shown": _draw_code,
    "signing_in": _draw_signing_in,
    "signed_in": _draw_signed_in,
    "offline": _draw_offline,
}


class P2M_OT_sign_in(Asking):
    """Show a code to confirm in your browser; the add-on never sees your password"""

    bl_idname = "p2m.sign_in"
    bl_label = "Sign In"
    needs_sign_in = False

    @classmethod
    def grey_because(cls, session: Session, context: bpy.types.Context) -> str:
        return "You are signed in." if session.state.signed_in else ""

    def run(self, session: Session, context: bpy.types.Context) -> str:
        session.submit(m.SignInWithCode())
        return ""


class P2M_OT_cancel_sign_in(Asking):
    """Wait for the code no more"""

    bl_idname = "p2m.cancel_sign_in"
    bl_label = "Cancel"
    needs_sign_in = False

    def run(self, session: Session, context: bpy.types.Context) -> str:
        session.submit(m.CancelSignIn())
        return ""


class P2M_OT_open_sign_in_page(Asking):
    """Open the page that asks for the code; it has the code filled in"""

    bl_idname = "p2m.open_sign_in_page"
    bl_label = "Open Browser"
    needs_sign_in = False

    def run(self, session: Session, context: bpy.types.Context) -> str:
        if session.state.code is None:
            return "There is no code any more; sign in again."
        session.to_open = session.state.code.url
        return ""


class P2M_OT_copy_code(Asking):
    """Copy the code"""

    bl_idname = "p2m.copy_code"
    bl_label = "Copy the Code"
    needs_sign_in = False

    def run(self, session: Session, context: bpy.types.Context) -> str:
        if session.state.code is None:
            return "There is no code any more; sign in again."
        context.window_manager.clipboard = session.state.code.user_code
        return ""


_typed = [""]
"""The token while it is typed. Blender keeps nothing of it: operators remember their last properties."""


class P2M_OT_sign_in_with_token(Asking):
    """Sign in with an API token that you made on the server's page of your account"""

    bl_idname = "p2m.sign_in_with_token"
    bl_label = "Use a Token…"
    needs_sign_in = False

    if TYPE_CHECKING:
        token: str
    else:
        token: StringProperty(
            name="Token",
            description="It begins with p2m_",
            subtype="PASSWORD",
            options={"SKIP_SAVE", "HIDDEN"},
            get=lambda _self: _typed[0],
            set=lambda _self, value: _typed.__setitem__(0, value),
        )

    @classmethod
    def grey_because(cls, session: Session, context: bpy.types.Context) -> str:
        return "You are signed in." if session.state.signed_in else ""

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        _typed[0] = ""
        dialog: Any = context.window_manager.invoke_props_dialog(self, width=420)
        return dialog

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        column = layout.column()
        column.label(text="Make one in the web page, under Account › Tokens; it is kept outside your files.")
        column.prop(self, "token")

    def cancel(self, context: bpy.types.Context) -> None:
        _typed[0] = ""

    def run(self, session: Session, context: bpy.types.Context) -> str:
        token, _typed[0] = _typed[0].strip(), ""
        if not token:
            return "No token was given; paste one that begins with p2m_."
        session.submit(m.SignInWithToken(token=token))
        return ""


class P2M_OT_sign_out(Asking):
    """Sign out of this Blender; jobs that run go on"""

    bl_idname = "p2m.sign_out"
    bl_label = "Sign Out"

    def run(self, session: Session, context: bpy.types.Context) -> str:
        session.submit(m.SignOut())
        return ""


class P2M_OT_connect(Asking):
    """Try to reach the server again"""

    bl_idname = "p2m.connect"
    bl_label = "Try Again"
    needs_sign_in = False

    def run(self, session: Session, context: bpy.types.Context) -> str:
        if session.server is None:
            return "No server is set; say its address in the add-on's preferences."
        order = session.server
        session.submit(m.Connect(server=order.server, proxy=order.proxy, online=bpy.app.online_access))
        return ""


class P2M_OT_open_preferences(bpy.types.Operator):
    """The server's address, how results are imported, the proxy"""

    bl_idname = "p2m.open_preferences"
    bl_label = "Preferences of the Add-on"

    def execute(self, context: bpy.types.Context) -> Result:
        if current() is None:
            return CANCELLED
        bpy.ops.preferences.addon_show(module=ROOT)
        return {"FINISHED"}


CLASSES = (
    P2M_OT_sign_in,
    P2M_OT_cancel_sign_in,
    P2M_OT_open_sign_in_page,
    P2M_OT_copy_code,
    P2M_OT_sign_in_with_token,
    P2M_OT_sign_out,
    P2M_OT_connect,
    P2M_OT_open_preferences,
)
