import bpy
from bpy.props import FloatProperty, IntProperty


class MESH_OT_add_stairs(bpy.types.Operator):
    bl_idname = "mesh.p2m_add_stairs"
    bl_label = "Add stairs"
    bl_options = {"REGISTER", "UNDO"}

    steps: IntProperty(name="Steps", default=5, min=1)
    height: FloatProperty(name="Height", default=0.2)

    def execute(self, context):
        for i in range(self.steps):
            bpy.ops.mesh.primitive_cube_add(size=1, location=(i, 0, i * self.height))
        self.report({"INFO"}, f"{self.steps} steps")
        return {"FINISHED"}


def register():
    bpy.utils.register_class(MESH_OT_add_stairs)


def unregister():
    bpy.utils.unregister_class(MESH_OT_add_stairs)


if __name__ == "__main__":
    register()
    bpy.ops.mesh.p2m_add_stairs(steps=4)
    unregister()
