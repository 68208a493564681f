import bpy

world = bpy.data.worlds.new("Sky")
bpy.context.scene.world = world
world.use_nodes = True
sky = world.node_tree.nodes.new("ShaderNodeTexSky")
sky.sun_elevation = 0.5
background = next(n for n in world.node_tree.nodes if n.type == "BACKGROUND")
world.node_tree.links.new(sky.outputs["Color"], background.inputs["Color"])
background.inputs["Strength"].default_value = 0.3
world.mist_settings.start = 2
