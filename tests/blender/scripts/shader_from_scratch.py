import bpy

for i, kind in enumerate(("ShaderNodeBsdfGlass", "ShaderNodeEmission", "ShaderNodeBsdfDiffuse")):
    m = bpy.data.materials.new(kind[10:])
    m.use_nodes = True
    m.node_tree.nodes.clear()
    shader = m.node_tree.nodes.new(kind)
    output = m.node_tree.nodes.new("ShaderNodeOutputMaterial")
    output.location = (300, 0)
    m.node_tree.links.new(shader.outputs[0], output.inputs["Surface"])
    bpy.ops.mesh.primitive_uv_sphere_add(location=(3 * i, 0, 0))
    bpy.context.object.active_material = m
