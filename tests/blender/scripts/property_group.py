from __future__ import annotations

import bpy


class Settings(bpy.types.PropertyGroup):
    count: bpy.props.IntProperty(default=3)
    label: bpy.props.StringProperty(default="x")


bpy.utils.register_class(Settings)
bpy.types.Scene.p2m_settings = bpy.props.PointerProperty(type=Settings)
bpy.context.scene.p2m_settings.count = 4
for _ in range(bpy.context.scene.p2m_settings.count):
    bpy.ops.object.empty_add()
del bpy.types.Scene.p2m_settings
bpy.utils.unregister_class(Settings)
