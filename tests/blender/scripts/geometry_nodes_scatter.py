import bpy

group = bpy.data.node_groups.new("Scatter", "GeometryNodeTree")
group.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
group.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
density = group.interface.new_socket("Density", in_out="INPUT", socket_type="NodeSocketFloat")
density.default_value = 12
nodes, links = group.nodes, group.links
entry, leave = nodes.new("NodeGroupInput"), nodes.new("NodeGroupOutput")
points = nodes.new("GeometryNodeDistributePointsOnFaces")
cone = nodes.new("GeometryNodeMeshCone")
cone.inputs["Radius Bottom"].default_value = 0.1
cone.inputs["Depth"].default_value = 0.4
onto = nodes.new("GeometryNodeInstanceOnPoints")
real = nodes.new("GeometryNodeRealizeInstances")
links.new(entry.outputs[0], points.inputs["Mesh"])
links.new(entry.outputs["Density"], points.inputs["Density"])
links.new(points.outputs["Points"], onto.inputs["Points"])
links.new(points.outputs["Rotation"], onto.inputs["Rotation"])
links.new(cone.outputs["Mesh"], onto.inputs["Instance"])
links.new(onto.outputs[0], real.inputs[0])
links.new(real.outputs[0], leave.inputs[0])
bpy.ops.mesh.primitive_plane_add(size=4)
mod = bpy.context.object.modifiers.new("Scatter", "NODES")
mod.node_group = group
mod[density.identifier] = 20.0
