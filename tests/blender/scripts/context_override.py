import bpy

bpy.ops.mesh.primitive_cube_add()
a = bpy.context.object
bpy.ops.mesh.primitive_cube_add(location=(0, 0, 3))
b = bpy.context.object
with bpy.context.temp_override(active_object=a, object=a, selected_editable_objects=[a, b], selected_objects=[a, b]):
    bpy.ops.object.join()
window = bpy.context.window_manager.windows[0]
area = next(area for area in window.screen.areas if area.type == "VIEW_3D")
with bpy.context.temp_override(window=window, area=area):
    bpy.ops.view3d.snap_cursor_to_center()
