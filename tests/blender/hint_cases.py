"""Errors that scripts really run into, what their hint must say, and code that does what the hint says.

A case is (setup, code that fails, words of the hint, remedy that must run). A cube is active in an empty scene.
"""

_OBJ = "obj = bpy.context.object"
_MESH = "obj = bpy.context.object\nmesh = obj.data"
_BM = "bm = bmesh.new()\nbm.from_mesh(bpy.context.object.data)"
_NODE = (
    "mat = bpy.data.materials.new('m')\nmat.use_nodes = True\ntree = mat.node_tree\n"
    "bsdf = tree.nodes['Principled BSDF']\n"
    "mix = tree.nodes.new('ShaderNodeMix')\nmapping = tree.nodes.new('ShaderNodeMapping')"
)
_SCENE = "scene = bpy.context.scene\nobj = bpy.context.object"
_WORLD = "world = bpy.data.worlds.new('w')\nworld.use_nodes = True"
_CAMERA = "camera = bpy.data.cameras.new('c')"
_ARMATURE = (
    "arm = bpy.data.armatures.new('a')\nrig = bpy.data.objects.new('r', arm)\n"
    "bpy.context.collection.objects.link(rig)\nbpy.context.view_layer.objects.active = rig\n"
    "bpy.ops.object.mode_set(mode='EDIT')\nbone = arm.edit_bones.new('b')\nbone.tail = (0, 0, 1)\n"
)
_POSED = _ARMATURE + "bpy.ops.object.mode_set(mode='OBJECT')\nbone = rig.pose.bones['b']"
_TREE = "tree = bpy.data.node_groups.new('g', '{}')"

# Where an attribute of the past was: what to set up, and how code names its owner.
OWNERS = {
    "Mesh": (_MESH, "mesh"),
    "MeshEdge": (_MESH, "mesh.edges[0]"),
    "MeshVertex": (_MESH, "mesh.vertices[0]"),
    "BMLayerAccessEdge": (_BM, "bm.edges.layers"),
    "BMLayerAccessVert": (_BM, "bm.verts.layers"),
    "BMLayerAccessFace": (_BM, "bm.faces.layers"),
    "Object": (_OBJ, "obj"),
    "Scene": (_SCENE, "scene"),
    "SceneObjects": (_SCENE, "scene.objects"),
    "RenderSettings": (_SCENE, "scene.render"),
    "SceneEEVEE": (_SCENE, "scene.eevee"),
    "World": (_WORLD, "world"),
    "WorldLighting": (_WORLD, "world.light_settings"),
    "Material": (_NODE, "mat"),
    "BlendData": ("", "bpy.data"),
    "Context": ("", "bpy.context"),
    "Camera": (_CAMERA, "camera"),
    "Armature": (_ARMATURE, "arm"),
    "BevelModifier": (_OBJ + "\nmod = obj.modifiers.new('b', 'BEVEL')", "mod"),
    "SubsurfModifier": (_OBJ + "\nmod = obj.modifiers.new('s', 'SUBSURF')", "mod"),
    "ParticleSettings": (_OBJ + "\nsettings = bpy.data.particles.new('p')", "settings"),
    "ShaderNodeMapping": (_NODE, "mapping"),
    "Pose": (_POSED, "rig.pose"),
    "Bone": (_POSED, "arm.bones['b']"),
    "EditBone": (_ARMATURE, "bone"),
    "PoseBone": (_POSED, "bone"),
    "handlers": ("", "bpy.app.handlers"),
    "utils": ("", "bpy.utils"),
    "types": ("", "bpy.types"),
    "GeometryNodeTree": (_TREE.format("GeometryNodeTree"), "tree"),
    "ShaderNodeTree": (_TREE.format("ShaderNodeTree"), "tree"),
    "CompositorNodeTree": (_TREE.format("CompositorNodeTree"), "tree"),
}

# What the advice on an old attribute comes to. Where several names share it, they share it here.
_SHARP = "import math\nmesh.shade_smooth()\nmesh.set_sharp_from_angle(angle=math.radians(30))"
_NORMALS = "mesh.corner_normals[0].vector, mesh.vertices[0].normal"
_COLLECTION = "bpy.data.collections.new('c').objects.link(obj)"
_BONES = "import bpy\narm.collections.new('c').assign({})"
_SOCKET = "tree.interface.new_socket('x', in_out='{}', socket_type='NodeSocketFloat')"
REMEDIES = {
    "Mesh.use_auto_smooth": _SHARP,
    "Mesh.auto_smooth_angle": _SHARP,
    "Mesh.calc_normals": _NORMALS,
    "Mesh.calc_normals_split": _NORMALS,
    "Mesh.free_normals_split": _NORMALS,
    "Mesh.create_normals_split": "mesh.normals_split_custom_set([(0, 0, 1)] * len(mesh.loops))",
    "Mesh.use_customdata_vertex_bevel": "mesh.attributes.new('bevel_weight_vert', 'FLOAT', 'POINT')",
    "Mesh.use_customdata_edge_bevel": "mesh.attributes.new('bevel_weight_edge', 'FLOAT', 'EDGE')",
    "Mesh.use_customdata_vertex_crease": "mesh.vertex_creases_ensure()",
    "Mesh.use_customdata_edge_crease": "mesh.edge_creases_ensure()",
    "Mesh.uv_textures": "mesh.uv_layers[0]",
    "Mesh.tessfaces": "mesh.calc_loop_triangles()\nassert len(mesh.loop_triangles) == 12",
    "Mesh.calc_tessface": "mesh.calc_loop_triangles()",
    "Mesh.vertex_layers_float": "mesh.attributes.new('n', 'FLOAT', 'POINT')",
    "Mesh.polygon_layers_int": "mesh.attributes.new('n', 'INT', 'FACE')",
    "Mesh.sculpt_vertex_colors": "mesh.color_attributes.new('c', 'FLOAT_COLOR', 'POINT')",
    "Mesh.show_double_sided": "bpy.data.materials.new('m').use_backface_culling = True",
    "MeshEdge.bevel_weight": "mesh.attributes.new('bevel_weight_edge', 'FLOAT', 'EDGE').data[0].value = 1",
    "MeshVertex.bevel_weight": "mesh.attributes.new('bevel_weight_vert', 'FLOAT', 'POINT').data[0].value = 1",
    "MeshEdge.crease": "mesh.edge_creases_ensure().data[mesh.edges[0].index].value = 1",
    "BMLayerAccessEdge.bevel_weight": "bm.edges.layers.float.new('bevel_weight_edge')",
    "BMLayerAccessVert.bevel_weight": "bm.verts.layers.float.new('bevel_weight_vert')",
    "BMLayerAccessEdge.crease": "bm.edges.layers.float.new('crease_edge')",
    "BMLayerAccessVert.crease": "bm.verts.layers.float.new('crease_vert')",
    "BMLayerAccessFace.tex": "",
    "Object.select": "obj.select_set(True)\nassert obj.select_get()",
    "Object.hide": "obj.hide_set(True)\nassert obj.hide_get()\nobj.hide_viewport = True",
    "Object.show_x_ray": "obj.show_in_front = True",
    "Object.draw_type": "obj.display_type = 'WIRE'",
    "Object.draw_bounds_type": "obj.display_bounds_type = 'BOX'",
    "Object.empty_draw_size": "obj.empty_display_size = 2",
    "Object.empty_draw_type": "obj.empty_display_type = 'CUBE'",
    "Object.dupli_type": "obj.instance_type = 'VERTS'",
    "Object.dupli_group": "obj.instance_collection",
    "Object.dupli_list": "bpy.context.evaluated_depsgraph_get().object_instances",
    "Object.use_dupli_vertices_rotation": "obj.use_instance_vertices_rotation = True",
    "Object.use_dupli_faces_scale": "obj.use_instance_faces_scale = True",
    "Object.layers": _COLLECTION,
    "Object.users_group": "obj.users_collection[0]",
    "Object.cycles_visibility": "obj.visible_camera = obj.visible_diffuse = obj.visible_glossy = obj.visible_shadow",
    "Object.face_maps": "obj.data.attributes.new('n', 'INT', 'FACE')",
    "Object.proxy": "obj.override_library",
    "Scene.update": "bpy.context.view_layer.update()",
    "Scene.cursor_location": "scene.cursor.location = (0, 0, 1)",
    "Scene.layers": "scene.collection.children",
    "SceneObjects.link": "o = bpy.data.objects.new('e', None)\nscene.collection.objects.link(o)",
    "SceneObjects.unlink": (
        "o = bpy.data.objects.new('e', None)\nscene.collection.objects.link(o)\nscene.collection.objects.unlink(o)"
    ),
    "SceneObjects.active": "bpy.context.view_layer.objects.active = obj",
    "RenderSettings.layers": "scene.view_layers[0]",
    "RenderSettings.tile_x": "scene.cycles.tile_size = 256",
    "RenderSettings.tile_y": "scene.cycles.tile_size = 256",
    "RenderSettings.alpha_mode": "scene.render.film_transparent = True",
    "RenderSettings.use_antialiasing": "scene.cycles.samples = 4\nscene.eevee.taa_render_samples = 4",
    "SceneEEVEE.use_bloom": (
        "scene.use_nodes = True\nscene.node_tree.nodes.new('CompositorNodeGlare')\nscene.use_nodes = False"
    ),
    "SceneEEVEE.use_ssr": "scene.eevee.use_raytracing = True",
    "SceneEEVEE.use_ssr_refraction": (
        "scene.eevee.use_raytracing = True\nbpy.data.materials.new('m').use_raytrace_refraction = True"
    ),
    "SceneEEVEE.use_soft_shadows": "bpy.data.lights.new('l', 'POINT').shadow_soft_size = 1",
    "SceneEEVEE.shadow_cube_size": (
        "bpy.data.lights.new('l', 'POINT').shadow_filter_radius = 1\nscene.eevee.shadow_ray_count = 2"
    ),
    "SceneEEVEE.shadow_cascade_size": (
        "bpy.data.lights.new('l', 'SUN').shadow_filter_radius = 1\nscene.eevee.shadow_ray_count = 2"
    ),
    "SceneEEVEE.use_volumetric_lights": "",
    "World.horizon_color": "world.color = (1, 0, 0)\nworld.node_tree.nodes['Background'].inputs['Color']",
    "World.zenith_color": "world.color = (1, 0, 0)",
    "WorldLighting.use_ambient_occlusion": (
        "m = bpy.data.materials.new('m')\nm.use_nodes = True\nm.node_tree.nodes.new('ShaderNodeAmbientOcclusion')"
    ),
    "Material.diffuse_intensity": "bsdf.inputs['Base Color']",
    "Material.use_transparency": "bsdf.inputs['Alpha']",
    "Material.alpha": "bsdf.inputs['Alpha']",
    "Material.emit": "bsdf.inputs['Emission Strength']",
    "Material.use_shadeless": "tree.nodes.new('ShaderNodeEmission')",
    "Material.specular_hardness": "bsdf.inputs['Roughness']",
    "Material.texture_slots": "mat.node_tree.nodes.new('ShaderNodeTexImage')",
    "Material.raytrace_mirror": "bsdf.inputs['Metallic'], bsdf.inputs['Roughness']",
    "Material.shadow_method": "bpy.context.object.visible_shadow = False\nmat.surface_render_method = 'BLENDED'",
    "BlendData.lamps": "bpy.data.lights.new('l', 'POINT')",
    "BlendData.groups": "bpy.data.collections.new('c')",
    "Context.user_preferences": "bpy.context.preferences",
    "Camera.draw_size": "camera.display_size = 2",
    "Camera.dof_distance": "camera.dof.focus_distance = 2",
    "Camera.dof_object": "camera.dof.focus_object = bpy.context.object",
    "Camera.gpu_dof": "camera.dof",
    "Armature.draw_type": "arm.display_type = 'STICK'",
    "Armature.layers": "arm.collections.new('c')",
    "BevelModifier.use_only_vertices": "mod.affect='VERTICES'",
    "SubsurfModifier.use_subsurf_uv": "mod.uv_smooth = 'NONE'",
    "ParticleSettings.dupli_object": "settings.instance_object = obj",
    "ParticleSettings.dupli_group": "settings.instance_collection = bpy.data.collections.new('c')",
    "ParticleSettings.use_render_emitter": "obj.show_instancer_for_render = False",
    "ShaderNodeMapping.translation": "mapping.inputs['Location'].default_value = (1, 2, 3)",
    "ShaderNodeMapping.rotation": "mapping.inputs['Rotation'].default_value = (1, 2, 3)",
    "ShaderNodeMapping.scale": "mapping.inputs['Scale'].default_value = (1, 2, 3)",
    "Pose.bone_groups": "arm.collections.new('c')\narm.bones['b'].color.palette = 'THEME01'",
    "Bone.layers": "arm.collections.new('c').assign(arm.bones['b'])",
    "EditBone.layers": "arm.collections.new('c').assign(bone)",
    "PoseBone.bone_group": "arm.collections.new('c')\nbone.color.palette = 'THEME01'",
    "handlers.scene_update_pre": "bpy.app.handlers.depsgraph_update_pre",
    "handlers.scene_update_post": "bpy.app.handlers.depsgraph_update_post",
    "utils.register_module": (
        "class Panel(bpy.types.PropertyGroup): pass\nbpy.utils.register_class(Panel)\nbpy.utils.unregister_class(Panel)"
    ),
    "types.NodeSocketInterface": "bpy.types.NodeTreeInterfaceSocket",
    "types.Lamp": "bpy.types.Light",
    **{
        f"{tree}.{side.lower()}s": _SOCKET.format(side)
        for tree in ("GeometryNodeTree", "ShaderNodeTree", "CompositorNodeTree")
        for side in ("INPUT", "OUTPUT")
    },
}

_EDIT = "bpy.ops.object.mode_set(mode='EDIT')"
_NO_ACTIVE = _OBJ + "\nbpy.context.view_layer.objects.active = None\nobj.select_set(False)"
_OP = "bpy.ops.{}"
_TMP = "import tempfile\npath = tempfile.mkdtemp() + '/a.{}'\n"
OTHER_CASES = [
    # Sockets
    (_NODE, "bsdf.inputs['Specular']", "'Specular IOR Level'", "bsdf.inputs['Specular IOR Level']"),
    (_NODE, "x = bsdf.inputs['Emission'].default_value", "'Emission Color'", "bsdf.inputs['Emission Color']"),
    (
        _NODE,
        "bsdf.inputs['Transmission'].default_value = 1",
        "'Transmission Weight'",
        "bsdf.inputs['Transmission Weight']",
    ),
    (_NODE, "bsdf.inputs['Subsurface']", "'Subsurface Weight'", "bsdf.inputs['Subsurface Weight']"),
    (_NODE, "bsdf.inputs['Clearcoat']", "'Coat Weight'", "bsdf.inputs['Coat Weight']"),
    (_NODE, "bsdf.inputs['Clearcoat Roughness']", "'Coat Roughness'", "bsdf.inputs['Coat Roughness']"),
    (_NODE, "bsdf.inputs['Clearcoat Normal']", "'Coat Normal'", "bsdf.inputs['Coat Normal']"),
    (_NODE, "bsdf.inputs['Sheen']", "'Sheen Weight'", "bsdf.inputs['Sheen Weight']"),
    (_NODE, "bsdf.inputs['Subsurface Color']", "'Base Color'", "bsdf.inputs['Base Color']"),
    (_NODE, "bsdf.inputs['Transmission Roughness']", "'Roughness'", "bsdf.inputs['Roughness']"),
    (_NODE, "mix.inputs['Color1']", "inputs[6]", "mix.data_type = 'RGBA'\nassert mix.inputs[6].name == 'A'"),
    (_NODE, "mix.inputs['Color2']", "inputs[7]", "mix.data_type = 'RGBA'\nassert mix.inputs[7].name == 'B'"),
    (_NODE, "mix.inputs['Fac']", "'Factor'", "mix.inputs['Factor']"),
    (_NODE, "mix.outputs['Color']", "outputs[2]", "mix.data_type = 'RGBA'\nassert mix.outputs[2].name == 'Result'"),
    (_NODE, "bsdf.inputs['Roughnes']", "there is 'Roughness'", "bsdf.inputs['Roughness']"),
    (_NODE, "mapping.outputs['Zzz']", "there is 'Vector'", "mapping.outputs['Vector']"),
    (
        _NODE,
        "if True:\n    tree.links.new(bsdf.outputs['BSDF'], mix.inputs['Fac'])",
        "'Factor'",
        "mix.inputs['Factor']",
    ),
    # Names of things
    ("", "bpy.data.objects['Cub']", "there is 'Cube'", "bpy.data.objects['Cube']"),
    ("", "bpy.data.objects['cube']", "there is 'Cube'", "bpy.data.objects['Cube']"),
    ("", "bpy.data.materials['Gold']", "the collection is empty", "bpy.data.materials.new('Gold')"),
    ("", "bpy.data.objects.get('Cub').name", "there is 'Cube'", "bpy.data.objects.get('Cube').name"),
    (_OBJ, "obj.dimension", "there is 'dimensions'", "obj.dimensions"),
    (_OBJ, "obj.locaton = (1, 2, 3)", "there is 'location'", "obj.location = (1, 2, 3)"),
    (_OBJ, "obj.keyframe_insert('locaton')", "there is 'location'", "obj.keyframe_insert('location')"),
    (_BM, "bmesh.ops.bevl(bm)", "there is 'bevel'", "bmesh.ops.bevel"),
    ("", "Cube.location", "bpy.data.objects['Cube']", "bpy.data.objects['Cube'].location"),
    ("", "my_tower.location", "fresh names", ""),
    ("", "os.getcwd()", "import os first", "import os\nos.getcwd()"),
    ("height = 2", "print(heigth)", "'height'", "print(height)"),
    # What is None
    (
        "mat = bpy.data.materials.new('m')",
        "mat.node_tree.nodes",
        "use_nodes = True",
        "mat.use_nodes = True\nmat.node_tree.nodes",
    ),
    (_OBJ, "obj.animation_data.action", "animation_data_create()", "obj.animation_data_create().action"),
    (
        _OBJ + "\nobj.animation_data_create()",
        "obj.animation_data.action.fcurves",
        "keyframe_insert()",
        "obj.keyframe_insert('location')\nobj.animation_data.action.fcurves",
    ),
    (
        _OBJ,
        "obj.active_material.name",
        "materials.append",
        "obj.data.materials.append(bpy.data.materials.new('m'))\nobj.active_material.name",
    ),
    ("", "bpy.context.area.type = 'VIEW_3D'", "no editor", ""),
    ("", "bpy.context.space_data.shading", "no editor", ""),
    (
        _NO_ACTIVE,
        "bpy.context.object.name",
        "no object is active",
        "bpy.context.view_layer.objects.active = obj\nbpy.context.object.name",
    ),
    (
        _SCENE,
        "scene.world.color",
        "scene.world = ",
        "scene.world = bpy.data.worlds.new('World')\nscene.world.color\nscene.world = None",
    ),
    (_SCENE, "scene.camera.location", "set scene.camera", "scene.camera = obj\nscene.camera.location"),
    ("e = bpy.data.objects.new('e', None)", "e.data.vertices", "Empty has no data", "assert e.type == 'EMPTY'"),
    (_OBJ, "obj.parent.name", "no parent", ""),
    ("thing = None", "thing.name", "thing is None", ""),
    # Enums
    (
        _SCENE,
        "scene.render.engine = 'BLENDER_EEVEE'",
        "'BLENDER_EEVEE_NEXT'",
        "scene.render.engine = 'BLENDER_EEVEE_NEXT'",
    ),
    (_SCENE, "scene.render.engine = 'BLENDER_RENDER'", "'CYCLES'", "scene.render.engine = 'CYCLES'"),
    (_SCENE, "scene.render.engine = 'BLENDER_GAME'", "'CYCLES'", "scene.render.engine = 'CYCLES'"),
    ("", "bpy.data.lights.new('l', 'HEMI')", "'SUN'", "bpy.data.lights.new('l', 'SUN')"),
    ("", "bpy.ops.object.light_add(type='HEMI')", "'AREA'", "bpy.ops.object.light_add(type='AREA')"),
    (_OBJ, "obj.modifiers.new('x', 'BEVVEL')", "there is 'BEVEL'", "obj.modifiers.new('x', 'BEVEL')"),
    (_OBJ, "obj.modifiers.new('x', 'SMOKE')", "'FLUID'", "obj.modifiers.new('x', 'FLUID')"),
    (_OBJ, "obj.modifiers.new('x', 'FLUID_SIMULATION')", "'FLUID'", "obj.modifiers.new('x', 'FLUID')"),
    ("", "bpy.ops.object.select_by_type(type='LAMP')", "'LIGHT'", "bpy.ops.object.select_by_type(type='LIGHT')"),
    # Operators that are called something else now
    (
        "",
        "bpy.ops.export_scene.obj(filepath='x')",
        "wm.obj_export",
        _TMP.format("obj") + "bpy.ops.wm.obj_export(filepath=path)",
    ),
    ("", "bpy.ops.import_scene.obj(filepath='x')", "wm.obj_import", "bpy.ops.wm.obj_import.get_rna_type()"),
    (
        "",
        "bpy.ops.export_mesh.stl(filepath='x')",
        "wm.stl_export",
        _TMP.format("stl") + "bpy.ops.wm.stl_export(filepath=path)",
    ),
    ("", "bpy.ops.import_mesh.stl(filepath='x')", "wm.stl_import", "bpy.ops.wm.stl_import.get_rna_type()"),
    (
        "",
        "bpy.ops.export_mesh.ply(filepath='x')",
        "wm.ply_export",
        _TMP.format("ply") + "bpy.ops.wm.ply_export(filepath=path)",
    ),
    ("", "bpy.ops.import_mesh.ply(filepath='x')", "wm.ply_import", "bpy.ops.wm.ply_import.get_rna_type()"),
    ("", "bpy.ops.object.lamp_add(type='POINT')", "light_add", "bpy.ops.object.light_add(type='POINT')"),
    ("", "bpy.ops.object.group_link(group='g')", "objects.link(obj)", ""),
    ("", "bpy.ops.object.gpencil_add()", "grease_pencil_add", "bpy.ops.object.grease_pencil_add(type='EMPTY')"),
    ("", "bpy.ops.group.create(name='g')", "bpy.data.collections.new", "bpy.data.collections.new('g')"),
    (
        "",
        "bpy.ops.wm.addon_enable(module='cycles')",
        "preferences.addon_enable",
        "bpy.ops.preferences.addon_enable.get_rna_type()",
    ),
    ("", "bpy.ops.mesh.primitive_cub_add()", "primitive_cube_add", "bpy.ops.mesh.primitive_cube_add()"),
    ("", "bpy.ops.mesh.shade_smooth()", "bpy.ops.object.shade_smooth", "bpy.ops.object.shade_smooth()"),
    # Parameters that are called something else now
    ("", "bpy.ops.mesh.primitive_cube_add(radius=1)", "size=2 * radius", "bpy.ops.mesh.primitive_cube_add(size=2)"),
    ("", "bpy.ops.mesh.primitive_plane_add(radius=1)", "size=2 * radius", "bpy.ops.mesh.primitive_plane_add(size=2)"),
    ("", "bpy.ops.mesh.primitive_grid_add(radius=1)", "size=2 * radius", "bpy.ops.mesh.primitive_grid_add(size=2)"),
    ("", "bpy.ops.mesh.primitive_monkey_add(radius=1)", "size=2 * radius", "bpy.ops.mesh.primitive_monkey_add(size=2)"),
    (
        "",
        "bpy.ops.mesh.primitive_uv_sphere_add(size=1)",
        "radius=size / 2",
        "bpy.ops.mesh.primitive_uv_sphere_add(radius=1)",
    ),
    (
        "",
        "bpy.ops.mesh.primitive_ico_sphere_add(size=1)",
        "radius=size / 2",
        "bpy.ops.mesh.primitive_ico_sphere_add(radius=1)",
    ),
    (
        "",
        "bpy.ops.mesh.primitive_cylinder_add(size=1)",
        "radius=size / 2",
        "bpy.ops.mesh.primitive_cylinder_add(radius=1)",
    ),
    ("", "bpy.ops.mesh.primitive_circle_add(size=1)", "radius=size / 2", "bpy.ops.mesh.primitive_circle_add(radius=1)"),
    (
        "",
        "bpy.ops.mesh.primitive_cone_add(radius=1)",
        "radius1",
        "bpy.ops.mesh.primitive_cone_add(radius1=1, radius2=0)",
    ),
    (
        "",
        "bpy.ops.mesh.primitive_cube_add(\n    size=1,\n    view_align=True,\n)",
        "align=",
        "bpy.ops.mesh.primitive_cube_add(align='VIEW')",
    ),
    ("", "bpy.ops.mesh.primitive_cube_add(layers=[True] * 20)", "collections", ""),
    (
        "",
        "bpy.ops.transform.translate(value=(1, 0, 0), constraint_orientation='GLOBAL')",
        "orient_type",
        "bpy.ops.transform.translate(value=(1, 0, 0), orient_type='GLOBAL')",
    ),
    (
        "",
        "bpy.ops.transform.translate(value=(1, 0, 0), proportional='DISABLED')",
        "use_proportional_edit",
        "bpy.ops.transform.translate(value=(1, 0, 0), use_proportional_edit=False)",
    ),
    (
        "",
        "bpy.ops.object.shade_smooth(use_auto_smooth=True)",
        "shade_auto_smooth",
        "bpy.ops.object.shade_auto_smooth(angle=0.5)",
    ),
    (
        "",
        "bpy.ops.object.modifier_apply(apply_as='DATA', modifier='m')",
        "drop it",
        "bpy.ops.object.modifier_apply_as_shapekey.get_rna_type()",
    ),
    (_EDIT, "bpy.ops.mesh.bevel(vertex_only=True)", "affect='VERTICES'", "bpy.ops.mesh.bevel(affect='VERTICES')"),
    (
        _BM,
        "bmesh.ops.bevel(bm, vertex_only=True)",
        "affect='VERTICES'",
        "bmesh.ops.bevel(bm, geom=bm.verts[:], offset=0.1, affect='VERTICES')",
    ),
    (
        _BM,
        "bmesh.ops.create_uvsphere(bm, diameter=1)",
        "radius=diameter / 2",
        "bmesh.ops.create_uvsphere(bm, u_segments=8, v_segments=4, radius=0.5)",
    ),
    (
        _BM,
        "bmesh.ops.create_cone(bm, diameter1=1)",
        "radius1",
        "bmesh.ops.create_cone(bm, segments=8, radius1=1, radius2=1, depth=1)",
    ),
    ("", "bpy.ops.mesh.primitive_cube_add(sizes=1)", "there is 'size'", "bpy.ops.mesh.primitive_cube_add(size=1)"),
    ("", "bpy.data.objects.new('x')", "new(name: str, object_data: ID) -> Object", "bpy.data.objects.new('x', None)"),
    (_SCENE, "obj.to_mesh(scene, True, 'PREVIEW')", "depsgraph: Depsgraph", "obj.to_mesh()"),
    (
        "",
        "bpy.ops.object.select_all({'a': 1}, action='SELECT')",
        "temp_override",
        "with bpy.context.temp_override(object=bpy.context.object):\n    bpy.ops.object.select_all(action='SELECT')",
    ),
    # Node types
    (
        _NODE,
        "tree.nodes.new('ShaderNodeTexMusgrave')",
        "ShaderNodeTexNoise",
        "tree.nodes.new('ShaderNodeTexNoise').noise_type = 'RIDGED_MULTIFRACTAL'",
    ),
    (_NODE, "tree.nodes.new('ShaderNodeBsdfVelvet')", "ShaderNodeBsdfSheen", "tree.nodes.new('ShaderNodeBsdfSheen')"),
    (_NODE, "tree.nodes.new('ShaderNodeTexNois')", "'ShaderNodeTexNoise'", "tree.nodes.new('ShaderNodeTexNoise')"),
    *[
        (_TREE.format("GeometryNodeTree"), f"tree.nodes.new('{old}')", new, f"tree.nodes.new('{new}')")
        for old, new in (
            ("GeometryNodePointDistribute", "GeometryNodeDistributePointsOnFaces"),
            ("GeometryNodePointInstance", "GeometryNodeInstanceOnPoints"),
            ("GeometryNodeMeshPrimitiveCube", "GeometryNodeMeshCube"),
            ("FunctionNodeFloatCompare", "FunctionNodeCompare"),
            ("GeometryNodeAttributeRandomize", "FunctionNodeRandomValue"),
            ("GeometryNodeTransformGeometry", "GeometryNodeTransform"),
        )
    ],
    # Context and modes
    ("", "bpy.ops.mesh.subdivide()", "mode_set(mode='EDIT')", _EDIT + "\nbpy.ops.mesh.subdivide()"),
    ("", "bpy.ops.uv.unwrap()", "mode_set(mode='EDIT')", _EDIT + "\nbpy.ops.uv.unwrap()"),
    (
        _EDIT,
        "bpy.ops.object.shade_smooth()",
        "mode_set(mode='OBJECT')",
        "bpy.ops.object.mode_set(mode='OBJECT')\nbpy.ops.object.shade_smooth()",
    ),
    ("", "bpy.ops.armature.bone_primitive_add()", "make an armature active", ""),
    ("", "bpy.ops.curve.subdivide()", "make a curve active", ""),
    ("", "bpy.ops.node.add_node(type='ShaderNodeMix')", "tree.nodes.new(type)", ""),
    (
        "",
        "bpy.ops.view3d.snap_cursor_to_selected()",
        "scene.cursor.location",
        "bpy.context.scene.cursor.location = bpy.context.object.location",
    ),
    ("", "bpy.ops.view3d.view_selected()", "needs an editor", ""),
    (_NO_ACTIVE, "bpy.ops.object.modifier_add(type='BEVEL')", "obj.modifiers.new", "obj.modifiers.new('b', 'BEVEL')"),
    (
        _NO_ACTIVE,
        "bpy.ops.object.material_slot_add()",
        "materials.append",
        "obj.data.materials.append(bpy.data.materials.new('m'))",
    ),
    (_NO_ACTIVE, "bpy.ops.object.parent_set()", "child.parent = obj", "obj.parent = bpy.data.objects.new('e', None)"),
    (
        _NO_ACTIVE,
        "bpy.ops.object.particle_system_add()",
        "'PARTICLE_SYSTEM'",
        "obj.modifiers.new('p', 'PARTICLE_SYSTEM')",
    ),
    (
        _NO_ACTIVE,
        "bpy.ops.object.mode_set(mode='EDIT')",
        "objects.active = obj",
        "bpy.context.view_layer.objects.active = obj\n" + _EDIT,
    ),
    # Links, types and values
    (
        _SCENE,
        "bpy.context.collection.objects.link(obj)\nbpy.context.collection.objects.link(obj)",
        "linked already",
        "",
    ),
    (
        "o = bpy.data.objects.new('o', None)",
        "o.select_set(True)",
        "link it first",
        "bpy.context.collection.objects.link(o)\no.select_set(True)",
    ),
    (
        "o = bpy.data.objects.new('o', None)",
        "bpy.context.view_layer.objects.active = o",
        "link it first",
        "bpy.context.collection.objects.link(o)\nbpy.context.view_layer.objects.active = o",
    ),
    (_OBJ, "obj.parent = 'Cube'", "bpy.data.objects[name]", ""),
    (
        _SCENE + "\n" + _CAMERA,
        "scene.camera = camera",
        "bpy.data.objects.new(name, data)",
        "scene.camera = bpy.data.objects.new('c', camera)",
    ),
    (
        _NODE,
        "bsdf.inputs['Base Color'].default_value = (1, 0, 0)",
        "alpha",
        "bsdf.inputs['Base Color'].default_value = (1, 0, 0, 1)",
    ),
    (_OBJ, "obj.location = (1, 2)", "give 3 numbers", "obj.location = (1, 2, 3)"),
    (
        "",
        "bpy.data.meshes.new('m').from_pydata([(0, 0)], [], [])",
        "(x, y, z)",
        "bpy.data.meshes.new('m').from_pydata([(0, 0, 0)], [], [])",
    ),
    ("", "mathutils.Matrix() * mathutils.Vector((1, 2, 3))", "`@`", "mathutils.Matrix() @ mathutils.Vector((1, 2, 3))"),
    ("", "np.float(3)", "use float", "float(3)"),
    (
        "bm = bmesh.new()\nbm.verts.new()",
        "bm.verts[0]",
        "ensure_lookup_table()",
        "bm.verts.ensure_lookup_table()\nbm.verts[0]",
    ),
    (
        "bm = bmesh.new()\na, b = bm.verts.new(), bm.verts.new()\nbm.edges.new((a, b))",
        "bm.edges.new((a, b))",
        "bm.edges.get",
        "bm.edges.get((a, b)).verts",
    ),
    (_BM, "bm.faces.new(bm.faces[:][0].verts)", "bm.faces.get", "bm.faces.get(bm.faces[:][0].verts).verts"),
    ("bm = bmesh.new()\na = bm.verts.new()", "bm.edges.new((a, a))", "each vertex once", ""),
    # Stale references
    (_OBJ + "\nbpy.data.objects.remove(obj)", "obj.name", "look it up again", ""),
    (_BM + "\nv = bm.verts[:][0]\nbm.free()", "v.co", "make it again", ""),
    # The pod's limits
    ("", "np.zeros(10**14)", "memory limit", ""),
    ("", "raise OSError(28, 'No space left on device')", "disk quota", ""),
    ("", "raise OSError(122, 'Disk quota exceeded')", "disk quota", ""),
    ("", "raise OSError(30, 'Read-only file system', '/usr/x')", "the working folder", ""),
    ("", "raise PermissionError(13, 'Permission denied', '/etc/x')", "the working folder", ""),
    ("", "raise PermissionError(1, 'Operation not permitted')", "sandbox refuses", ""),
    ("", "raise BlockingIOError(11, 'Resource temporarily unavailable')", "processes", ""),
    ("", "open('/nope/x')", "import_file", ""),
    ("", "bpy.data.images.load('/nope.png')", "import_file", ""),
    ("", "import socket\nsocket.create_connection(('127.0.0.1', 9), 1)", "no network", ""),
    ("", "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9', timeout=1)", "no network", ""),
    ("", "import no_such_thing", "numpy, scipy, trimesh", "import numpy, scipy, trimesh, manifold3d, PIL"),
    ("", "def f(): f()\nf()", "use a loop", ""),
    # Nothing is known, and nothing is made up
    ("", "1 / 0", "", ""),
    ("", "raise ValueError('no')", "", ""),
    ("class E(Exception):\n    def __str__(self): raise E", "raise E", "", ""),
    ("class T:\n    def __dir__(self): raise ValueError", "T().x", "", ""),
    ("class T:\n    @property\n    def y(self): raise KeyError('key \"a\" not found')", "T().y['a']", "", ""),
]
