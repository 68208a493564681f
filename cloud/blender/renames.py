"""What Blender's API used to be called, from 2.8 on, and what to write instead: for hints and for `lookup`.

Data alone, without bpy, so that the front and the child share it. `old` is the bare name as code has it
(an attribute, a socket, an operator without `bpy.ops.`, a type, an enum item, a parameter), `owner` the type,
node or operator that had it ("" where the name alone tells), `since` the version that ended it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rename:
    """One name of the past. `advice` follows "`old`: " and fits one short sentence."""

    old: str
    owner: str
    since: tuple[int, int]
    advice: str


def _sockets(node: str, since: tuple[int, int], renamed: dict[str, str]) -> list[Rename]:
    return [Rename(old, node, since, f"the socket is called '{new}'") for old, new in renamed.items()]


def _attributes(owner: str, since: tuple[int, int], renamed: dict[str, str]) -> list[Rename]:
    return [Rename(old, owner, since, f"use {new}") for old, new in renamed.items()]


_PRINCIPLED = _sockets(
    "ShaderNodeBsdfPrincipled",
    (4, 0),
    {
        "Specular": "Specular IOR Level",
        "Emission": "Emission Color",
        "Transmission": "Transmission Weight",
        "Subsurface": "Subsurface Weight",
        "Clearcoat": "Coat Weight",
        "Clearcoat Roughness": "Coat Roughness",
        "Clearcoat Normal": "Coat Normal",
        "Sheen": "Sheen Weight",
    },
)
_SOCKETS = [
    Rename("Subsurface Color", "ShaderNodeBsdfPrincipled", (4, 0), "'Base Color' colours the subsurface too"),
    Rename("Transmission Roughness", "ShaderNodeBsdfPrincipled", (4, 0), "use 'Roughness'"),
    Rename("Color1", "ShaderNodeMix", (3, 4), "the inputs are 'A' and 'B' (for colours inputs[6] and inputs[7])"),
    Rename("Color2", "ShaderNodeMix", (3, 4), "the inputs are 'A' and 'B' (for colours inputs[6] and inputs[7])"),
    Rename("Fac", "ShaderNodeMix", (3, 4), "the socket is called 'Factor'"),
    Rename("Color", "ShaderNodeMix", (3, 4), "the output is 'Result' (for colours outputs[2])"),
]
_MESH = [
    *_attributes(
        "Mesh",
        (4, 1),
        {
            "use_auto_smooth": "mesh.shade_smooth(), then mesh.set_sharp_from_angle(angle=math.radians(30))",
            "auto_smooth_angle": "mesh.set_sharp_from_angle(angle=math.radians(30))",
            "calc_normals": "mesh.corner_normals or vertex.normal, always up to date, and drop the call",
            "calc_normals_split": "mesh.corner_normals, always up to date, and drop the call",
            "free_normals_split": "mesh.corner_normals, always up to date, and drop the call",
            "create_normals_split": "mesh.normals_split_custom_set(normals)",
            "use_customdata_vertex_bevel": "mesh.attributes.new('bevel_weight_vert', 'FLOAT', 'POINT')",
            "use_customdata_edge_bevel": "mesh.attributes.new('bevel_weight_edge', 'FLOAT', 'EDGE')",
            "use_customdata_vertex_crease": "mesh.vertex_creases_ensure()",
            "use_customdata_edge_crease": "mesh.edge_creases_ensure()",
            "vertex_colors": "mesh.color_attributes",
            "uv_textures": "mesh.uv_layers",
            "tessfaces": "mesh.calc_loop_triangles() and mesh.loop_triangles",
            "calc_tessface": "mesh.calc_loop_triangles()",
            "vertex_layers_float": "mesh.attributes.new(name, 'FLOAT', 'POINT')",
            "polygon_layers_int": "mesh.attributes.new(name, 'INT', 'FACE')",
            "sculpt_vertex_colors": "mesh.color_attributes",
            "show_double_sided": "material.use_backface_culling",
        },
    ),
    Rename("bevel_weight", "MeshEdge", (4, 0), "use mesh.attributes.new('bevel_weight_edge', 'FLOAT', 'EDGE')"),
    Rename("bevel_weight", "MeshVertex", (4, 0), "use mesh.attributes.new('bevel_weight_vert', 'FLOAT', 'POINT')"),
    Rename("crease", "MeshEdge", (4, 0), "use mesh.edge_creases_ensure().data[edge.index].value"),
    Rename("bevel_weight", "BMLayerAccessEdge", (4, 0), "use layers.float.new('bevel_weight_edge')"),
    Rename("bevel_weight", "BMLayerAccessVert", (4, 0), "use layers.float.new('bevel_weight_vert')"),
    Rename("crease", "BMLayerAccessEdge", (4, 0), "use layers.float.new('crease_edge')"),
    Rename("crease", "BMLayerAccessVert", (4, 0), "use layers.float.new('crease_vert')"),
    Rename("tex", "BMLayerAccessFace", (2, 80), "images belong to materials"),
]
_OBJECT = _attributes(
    "Object",
    (2, 80),
    {
        "select": "obj.select_set(True) and obj.select_get()",
        "hide": "obj.hide_set(True), obj.hide_get() or obj.hide_viewport",
        "show_x_ray": "obj.show_in_front",
        "draw_type": "obj.display_type",
        "draw_bounds_type": "obj.display_bounds_type",
        "empty_draw_size": "obj.empty_display_size",
        "empty_draw_type": "obj.empty_display_type",
        "dupli_type": "obj.instance_type",
        "dupli_group": "obj.instance_collection",
        "dupli_list": "depsgraph.object_instances",
        "use_dupli_vertices_rotation": "obj.use_instance_vertices_rotation",
        "use_dupli_faces_scale": "obj.use_instance_faces_scale",
        "layers": "collections: collection.objects.link(obj)",
        "users_group": "obj.users_collection",
        "cycles_visibility": "obj.visible_camera, visible_diffuse, visible_glossy, visible_shadow",
        "face_maps": "an integer attribute: mesh.attributes.new(name, 'INT', 'FACE')",
        "proxy": "a library override",
    },
)
_SCENE = [
    *_attributes(
        "Scene",
        (2, 80),
        {
            "update": "bpy.context.view_layer.update()",
            "cursor_location": "scene.cursor.location",
            "layers": "scene.collection and its children",
        },
    ),
    *_attributes(
        "SceneObjects",
        (2, 80),
        {
            "link": "scene.collection.objects.link(obj)",
            "unlink": "scene.collection.objects.unlink(obj)",
            "active": "bpy.context.view_layer.objects.active",
        },
    ),
    *_attributes(
        "RenderSettings",
        (2, 80),
        {
            "layers": "scene.view_layers",
            "tile_x": "scene.cycles.tile_size",
            "tile_y": "scene.cycles.tile_size",
            "alpha_mode": "scene.render.film_transparent",
            "use_antialiasing": "scene.cycles.samples or scene.eevee.taa_render_samples",
        },
    ),
    *_attributes(
        "SceneEEVEE",
        (4, 2),
        {
            "use_bloom": "a Glare node of the compositor",
            "use_ssr": "scene.eevee.use_raytracing",
            "use_ssr_refraction": "scene.eevee.use_raytracing and material.use_raytrace_refraction",
            "use_soft_shadows": "light.shadow_soft_size; shadows are always soft",
            "shadow_cube_size": "light.shadow_filter_radius and scene.eevee.shadow_ray_count",
            "shadow_cascade_size": "light.shadow_filter_radius and scene.eevee.shadow_ray_count",
            "use_volumetric_lights": "no setting; volumes are always lit",
        },
    ),
    Rename("node_tree", "Scene", (5, 0), "make a node group 'CompositorNodeTree', set scene.compositing_node_group"),
    Rename("use_nodes", "Scene", (5, 0), "the compositor is on where scene.compositing_node_group is set"),
    Rename("sequences", "SequenceEditor", (5, 0), "use sequence_editor.strips"),
    Rename("horizon_color", "World", (2, 80), "use world.color, or its Background node's 'Color'"),
    Rename("zenith_color", "World", (2, 80), "use world.color, or its Background node's 'Color'"),
    Rename("use_ambient_occlusion", "WorldLighting", (2, 80), "use a ShaderNodeAmbientOcclusion in the material"),
]
_MATERIAL = _attributes(
    "Material",
    (2, 80),
    {
        "diffuse_intensity": "the Principled BSDF's 'Base Color'",
        "use_transparency": "the Principled BSDF's 'Alpha'",
        "alpha": "the Principled BSDF's 'Alpha'",
        "emit": "the Principled BSDF's 'Emission Strength'",
        "use_shadeless": "a ShaderNodeEmission",
        "specular_hardness": "the Principled BSDF's 'Roughness'",
        "texture_slots": "a ShaderNodeTexImage in material.node_tree",
        "raytrace_mirror": "the Principled BSDF's 'Metallic' and 'Roughness'",
        "shadow_method": "obj.visible_shadow, or material.surface_render_method",
    },
)
_DATA = [
    *_attributes("BlendData", (2, 80), {"lamps": "bpy.data.lights", "groups": "bpy.data.collections"}),
    *_attributes("Context", (2, 80), {"user_preferences": "bpy.context.preferences"}),
    *_attributes("Camera", (2, 80), {"draw_size": "camera.display_size", "dof_distance": "camera.dof.focus_distance"}),
    *_attributes("Camera", (2, 80), {"dof_object": "camera.dof.focus_object", "gpu_dof": "camera.dof"}),
    *_attributes("Armature", (2, 80), {"draw_type": "armature.display_type", "layers": "armature.collections"}),
    *_attributes("BevelModifier", (2, 90), {"use_only_vertices": "affect='VERTICES'"}),
    *_attributes("SubsurfModifier", (2, 90), {"use_subsurf_uv": "uv_smooth"}),
    *_attributes(
        "ParticleSettings", (2, 80), {"dupli_object": "instance_object", "dupli_group": "instance_collection"}
    ),
    *_attributes("ParticleSettings", (2, 80), {"use_render_emitter": "obj.show_instancer_for_render"}),
    *_attributes("ShaderNodeMapping", (2, 81), {"translation": "node.inputs['Location']"}),
    *_attributes(
        "ShaderNodeMapping", (2, 81), {"rotation": "node.inputs['Rotation']", "scale": "node.inputs['Scale']"}
    ),
    *_attributes("Pose", (4, 0), {"bone_groups": "armature.collections and bone.color"}),
    *_attributes("Bone", (4, 0), {"layers": "armature.collections.new(name).assign(bone)"}),
    *_attributes("EditBone", (4, 0), {"layers": "armature.collections.new(name).assign(bone)"}),
    *_attributes("PoseBone", (4, 0), {"bone_group": "armature.collections and pose_bone.color"}),
    *_attributes(
        "Action", (5, 0), {"fcurves": "bpy_extras.anim_utils.action_get_channelbag_for_slot(action, slot).fcurves"}
    ),
    *_attributes("handlers", (2, 80), {"scene_update_pre": "depsgraph_update_pre"}),
    *_attributes("handlers", (2, 80), {"scene_update_post": "depsgraph_update_post"}),
    *_attributes("utils", (2, 80), {"register_module": "bpy.utils.register_class(cls) for each class"}),
    *_attributes("", (2, 80), {"lamp": "light: bpy.data.lights, bpy.ops.object.light_add(type='POINT')"}),
]
_TREE_SOCKETS = "use tree.interface.new_socket(name, in_out='{}', socket_type='NodeSocketFloat')"
_NODES = [
    *[
        Rename(side.lower() + "s", tree, (4, 0), _TREE_SOCKETS.format(side))
        for tree in ("GeometryNodeTree", "ShaderNodeTree", "CompositorNodeTree")
        for side in ("INPUT", "OUTPUT")
    ],
    *_attributes("types", (4, 0), {"NodeSocketInterface": "bpy.types.NodeTreeInterfaceSocket"}),
    *_attributes("types", (2, 80), {"Lamp": "bpy.types.Light"}),
    *_attributes(
        "node",
        (4, 1),
        {
            "ShaderNodeTexMusgrave": "ShaderNodeTexNoise (noise_type='FBM', 'RIDGED_MULTIFRACTAL' …)",
            "ShaderNodeBsdfVelvet": "ShaderNodeBsdfSheen",
            "GeometryNodePointDistribute": "GeometryNodeDistributePointsOnFaces",
            "GeometryNodePointInstance": "GeometryNodeInstanceOnPoints",
            "GeometryNodeMeshPrimitiveCube": "GeometryNodeMeshCube",
            "FunctionNodeFloatCompare": "FunctionNodeCompare",
            "GeometryNodeAttributeRandomize": "FunctionNodeRandomValue and GeometryNodeStoreNamedAttribute",
            "GeometryNodeTransformGeometry": "GeometryNodeTransform",
        },
    ),
    Rename("CompositorNodeComposite", "node", (5, 0), "use NodeGroupOutput in scene.compositing_node_group"),
]
_OPERATORS = _attributes(
    "bpy.ops",
    (4, 0),
    {
        "export_scene.obj": "bpy.ops.wm.obj_export(filepath=…)",
        "import_scene.obj": "bpy.ops.wm.obj_import(filepath=…)",
        "export_mesh.stl": "bpy.ops.wm.stl_export(filepath=…)",
        "import_mesh.stl": "bpy.ops.wm.stl_import(filepath=…)",
        "export_mesh.ply": "bpy.ops.wm.ply_export(filepath=…)",
        "import_mesh.ply": "bpy.ops.wm.ply_import(filepath=…)",
        "object.lamp_add": "bpy.ops.object.light_add(type='POINT')",
        "object.group_link": "collection.objects.link(obj)",
        "object.gpencil_add": "bpy.ops.object.grease_pencil_add(type='EMPTY')",
        "group.create": "bpy.data.collections.new(name)",
        "wm.addon_enable": "bpy.ops.preferences.addon_enable(module=…)",
    },
)
_PARAMETERS = [
    *[
        Rename("radius", f"bpy.ops.mesh.primitive_{shape}_add", (2, 80), "use size=2 * radius")
        for shape in ("cube", "plane", "grid", "monkey")
    ],
    *[
        Rename("size", f"bpy.ops.mesh.primitive_{shape}_add", (2, 80), "use radius=size / 2")
        for shape in ("uv_sphere", "ico_sphere", "cylinder", "circle")
    ],
    Rename("radius", "bpy.ops.mesh.primitive_cone_add", (2, 80), "use radius1=…, radius2=…"),
    Rename("view_align", "", (2, 81), "use align='WORLD' or 'VIEW'"),
    Rename("layers", "bpy.ops", (2, 80), "use collections"),
    Rename("constraint_orientation", "", (2, 80), "use orient_type"),
    Rename("proportional", "", (2, 83), "use use_proportional_edit=False"),
    Rename("use_auto_smooth", "bpy.ops.object.shade_smooth", (4, 1), "use bpy.ops.object.shade_auto_smooth(angle=…)"),
    Rename("apply_as", "bpy.ops.object.modifier_apply", (2, 90), "drop it (modifier_apply_as_shapekey for a shape)"),
    Rename("vertex_only", "", (2, 90), "use affect='VERTICES'"),
    Rename("diameter", "bmesh.ops", (3, 0), "use radius=diameter / 2"),
    Rename("diameter1", "bmesh.ops", (3, 0), "use radius1, radius2"),
]
_ENUMS = [
    Rename("BLENDER_EEVEE", "RenderSettings", (4, 2), "EEVEE's id is 'BLENDER_EEVEE_NEXT' in 4.2 to 4.5"),
    Rename("BLENDER_EEVEE_NEXT", "RenderSettings", (5, 0), "EEVEE's id is 'BLENDER_EEVEE' again since 5.0"),
    Rename("BLENDER_RENDER", "RenderSettings", (2, 80), "use 'CYCLES'"),
    Rename("BLENDER_GAME", "RenderSettings", (2, 80), "use 'CYCLES'"),
    Rename("HEMI", "Light", (2, 80), "use 'SUN' or 'AREA'"),
    Rename("SMOKE", "Modifier", (2, 82), "use 'FLUID'"),
    Rename("FLUID_SIMULATION", "Modifier", (2, 82), "use 'FLUID'"),
    Rename("LAMP", "", (2, 80), "use 'LIGHT'"),
]

RENAMES: tuple[Rename, ...] = tuple(
    entry
    for group in (
        *(_PRINCIPLED, _SOCKETS, _MESH, _OBJECT, _SCENE, _MATERIAL),
        *(_DATA, _NODES, _OPERATORS, _PARAMETERS, _ENUMS),
    )
    for entry in group
)


def renames_of(old: str, version: tuple[int, int]) -> list[Rename]:
    """What `old` has become by this version, most specific owner first; BLENDER_EEVEE was right again in 5.0."""
    again = {("BLENDER_EEVEE", True)}
    found = [entry for entry in RENAMES if entry.old == old and entry.since <= version]
    return [entry for entry in found if (entry.old, version >= (5, 0)) not in again]
