# pyright: reportAttributeAccessIssue=false
# The stubs of bpy have some properties of the context as methods.
"""The add-on's page in Blender's preferences (bpy)."""

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ..core import messages as m
from .account import draw_account
from .form import HOWS, PLACES, WHERES
from .package import ROOT
from .properties import choices
from .session import Session, current

LOCAL_SERVER = "http://127.0.0.1:8600"
"""Where a stack on this computer listens, if the port is free."""


def _reconnect(_self: Any, _context: bpy.types.Context) -> None:
    session = current()
    if session is not None:
        connect(session)


def _import_as_preferred(_self: Any, _context: bpy.types.Context) -> None:
    session = current()
    if session is not None:
        take_defaults(session)


class P2M_AP_preferences(bpy.types.AddonPreferences):
    """What is kept from one start of Blender to the next; the token is not among it."""

    bl_idname = ROOT

    if TYPE_CHECKING:
        server: str
        proxy: str
        picture_size: int
        how: str
        where: str
        place: str
        imports_when_done: bool
    else:
        server: StringProperty(
            name="Server",
            description="The address of your Prompt2Mesh server, https:// unless it runs on this machine",
            default=LOCAL_SERVER,
            update=_reconnect,
        )
        proxy: StringProperty(
            name="Proxy",
            description="For example http://proxy.example.org:3128; empty: as your system says",
            update=_reconnect,
        )
        picture_size: IntProperty(
            name="Picture size", description="Height of pictures in the panel, in rows", default=10, min=4, max=24
        )
        how: EnumProperty(name="Import by", items=choices(HOWS), update=_import_as_preferred)
        where: EnumProperty(name="Into", items=choices(WHERES), update=_import_as_preferred)
        place: EnumProperty(name="At", items=choices(PLACES), update=_import_as_preferred)
        imports_when_done: BoolProperty(
            name="Import when done",
            description="Bring a result into the scene as soon as it is built",
            default=True,
            update=_import_as_preferred,
        )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        session = current()
        if session is not None:
            draw_account(layout.box(), context, session)
        fields = layout.column()
        fields.use_property_split = True
        fields.use_property_decorate = False
        fields.prop(self, "server")
        fields.prop(self, "proxy")
        fields.separator()
        fields.prop(self, "how")
        fields.prop(self, "where")
        fields.prop(self, "place")
        fields.prop(self, "imports_when_done")
        fields.separator()
        fields.prop(self, "picture_size")


def preferences() -> P2M_AP_preferences | None:
    """Ours; None while Blender does not have them (the add-on runs from its source folder)."""
    addon = bpy.context.preferences.addons.get(ROOT)
    found = addon.preferences if addon else None
    return found if isinstance(found, P2M_AP_preferences) else None


def connect(session: Session) -> None:
    """Have the worker use the server and the proxy of the preferences."""
    ours = preferences()
    server, proxy = (ours.server, ours.proxy) if ours else (LOCAL_SERVER, "")
    session.submit(m.Connect(server=server.strip(), proxy=proxy.strip(), online=bpy.app.online_access))


def take_defaults(session: Session) -> None:
    """Imports go as the preferences say, until the panel is told otherwise."""
    ours = preferences()
    if ours is not None:
        form = session.form
        form.how, form.where, form.place = ours.how, ours.where, ours.place
        form.imports_when_done = ours.imports_when_done
        session.changed = True


def picture_rows() -> int:
    """How many rows high a picture is."""
    ours = preferences()
    return ours.picture_size if ours else 10


def register() -> None:
    bpy.utils.register_class(P2M_AP_preferences)


def unregister() -> None:
    bpy.utils.unregister_class(P2M_AP_preferences)
