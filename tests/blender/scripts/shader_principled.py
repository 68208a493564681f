import bpy

mat = bpy.data.materials.new("Brushed")
mat.use_nodes = True
nt = mat.node_tree
bsdf = nt.nodes.get("Principled BSDF")
bsdf.inputs["Base Color"].default_value = (0.8, 0.1, 0.05, 1)
bsdf.inputs["Roughness"].default_value = 0.2
bsdf.inputs["Metallic"].default_value = 0.9
noise = nt.nodes.new("ShaderNodeTexNoise")
noise.inputs["Scale"].default_value = 12
ramp = nt.nodes.new("ShaderNodeValToRGB")
ramp.color_ramp.elements[0].color = (0.02, 0.02, 0.02, 1)
ramp.color_ramp.elements.new(0.5).color = (0.5, 0.3, 0.1, 1)
bump = nt.nodes.new("ShaderNodeBump")
nt.links.new(noise.outputs["Fac"], ramp.inputs["Fac"])
nt.links.new(ramp.outputs["Color"], bsdf.inputs["Base Color"])
nt.links.new(noise.outputs["Fac"], bump.inputs["Height"])
nt.links.new(bump.outputs["Normal"], bsdf.inputs["Normal"])
bpy.ops.mesh.primitive_torus_add()
bpy.context.object.data.materials.append(mat)
