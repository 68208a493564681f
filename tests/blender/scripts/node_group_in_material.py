import bpy

inner = bpy.data.node_groups.new("Tint", "ShaderNodeTree")
inner.interface.new_socket("Colour", in_out="INPUT", socket_type="NodeSocketColor")
inner.interface.new_socket("Colour", in_out="OUTPUT", socket_type="NodeSocketColor")
mix = inner.nodes.new("ShaderNodeMix")
mix.data_type = "RGBA"
a, b = inner.nodes.new("NodeGroupInput"), inner.nodes.new("NodeGroupOutput")
inner.links.new(a.outputs[0], mix.inputs["A"])
inner.links.new(mix.outputs["Result"], b.inputs[0])
mat = bpy.data.materials.new("Tinted")
mat.use_nodes = True
node = mat.node_tree.nodes.new("ShaderNodeGroup")
node.node_tree = inner
mat.use_fake_user = True
