import bpy

tree = bpy.data.node_groups.new("Ring", "GeometryNodeTree")
tree.interface.new_socket("Out", in_out="OUTPUT", socket_type="NodeSocketGeometry")
out = tree.nodes.new("NodeGroupOutput")
circle = tree.nodes.new("GeometryNodeMeshCircle")
circle.inputs["Vertices"].default_value = 9
circle.inputs["Radius"].default_value = 2
cube = tree.nodes.new("GeometryNodeMeshCube")
cube.inputs["Size"].default_value = (0.2, 0.2, 1)
inst = tree.nodes.new("GeometryNodeInstanceOnPoints")
rnd = tree.nodes.new("FunctionNodeRandomValue")
rnd.data_type = "FLOAT_VECTOR"
tree.links.new(circle.outputs[0], inst.inputs["Points"])
tree.links.new(cube.outputs[0], inst.inputs["Instance"])
tree.links.new(rnd.outputs[0], inst.inputs["Scale"])
tree.links.new(inst.outputs[0], out.inputs[0])
holder = bpy.data.objects.new("Holder", bpy.data.meshes.new("Holder"))
bpy.context.collection.objects.link(holder)
holder.modifiers.new("GN", "NODES").node_group = tree
