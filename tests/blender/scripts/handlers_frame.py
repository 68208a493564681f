import bpy

bpy.ops.mesh.primitive_cube_add()


def on_frame(scene, graph=None):
    bpy.data.objects["Cube"].location.x = scene.frame_current * 0.1


bpy.app.handlers.frame_change_post.append(on_frame)
bpy.context.scene.frame_set(25)
bpy.app.handlers.frame_change_post.remove(on_frame)
