# ruff: noqa: E501 - a scene a line reads better than wrapped code in strings
"""Scenes for `check`: faults to plant among sound objects, and scenes in which nothing is wrong."""

# kind → ways to plant it in an object called "Odd" (at the edge of the sound ones, on the ground unless said).
FAULTS: dict[str, dict[str, str]] = {
    "non_manifold_edges": {
        "a fin": "bm = edit(o); e = bm.edges[0]; v = bm.verts.new(e.verts[0].co + mathutils.Vector((0, 0, .3)));"
        " bm.faces.new((*e.verts, v)); done(o, bm)",
        "an inner wall": "bm = edit(o); bmesh.ops.subdivide_edges(bm, edges=bm.edges, cuts=1, use_grid_fill=True);"
        " vs = [v for v in bm.verts if abs(v.co.z) < 1e-6]; vs.sort(key=lambda v: math.atan2(v.co.y, v.co.x));"
        " bm.faces.new(vs); done(o, bm)",
    },
    "boundary_edges": {
        "a face deleted": "bm = edit(o); bmesh.ops.delete(bm, geom=[bm.faces[0]], context='FACES_ONLY'); done(o, bm)",
        "a face of a ball deleted": "bm = edit(o); bm.clear(); bmesh.ops.create_uvsphere(bm, u_segments=32,"
        " v_segments=16, radius=.5); bm.faces.ensure_lookup_table();"
        " bmesh.ops.delete(bm, geom=[bm.faces[200]], context='FACES'); done(o, bm)",
    },
    "flipped_normals": {
        "inside out": "o.data.flip_normals()",
        "one of two parts": "bm = edit(o); new = bmesh.ops.create_cube(bm, size=.5, matrix="
        "mathutils.Matrix.Translation((.75, 0, -.25)))['verts'];"
        " bmesh.ops.reverse_faces(bm, faces=list({f for v in new for f in v.link_faces})); done(o, bm)",
    },
    "inconsistent_normals": {
        "one face": "bm = edit(o); bm.faces[2].normal_flip(); done(o, bm)",
    },
    "zero_area_faces": {
        "a collapsed face": "bm = edit(o); m = bm.faces[0].calc_center_median(); [setattr(v, 'co', m) for v in bm.faces[0].verts]; done(o, bm)",
        "three points on a line": "bm = edit(o); e = bm.edges[0]; v = bm.verts.new((e.verts[0].co + e.verts[1].co) / 2);"
        " bm.faces.new((*e.verts, v)); done(o, bm)",
    },
    "duplicate_vertices": {
        "unwelded": "bm = edit(o); bmesh.ops.split_edges(bm, edges=bm.edges); done(o, bm)",
        "one seam": "bm = edit(o); bmesh.ops.split_edges(bm, edges=bm.faces[0].edges); done(o, bm)",
        "there twice": "bm = edit(o); bmesh.ops.duplicate(bm, geom=[*bm.verts, *bm.edges, *bm.faces]); done(o, bm)",
        "a vertex on a vertex": "bm = edit(o); bm.verts.new(bm.verts[0].co); done(o, bm)",
    },
    "loose_geometry": {
        "a vertex": "bm = edit(o); bm.verts.new((.2, .1, .9)); done(o, bm)",
        "an edge": "bm = edit(o); bm.edges.new((bm.verts.new((0, 0, 1)), bm.verts.new((.2, 0, 1)))); done(o, bm)",
    },
    "self_intersection": {
        "a corner pulled through": "bm = edit(o); bmesh.ops.subdivide_edges(bm, edges=bm.edges, cuts=2,"
        " use_grid_fill=True); v = max(bm.verts, key=lambda v: (round(v.co.z, 3), -abs(v.co.x) - abs(v.co.y)));"
        " v.co.z = -1.2; v.co.x += .05; done(o, bm)",
        "two boxes in one mesh": "bm = edit(o); bmesh.ops.create_cube(bm, size=1, matrix="
        "mathutils.Matrix.Translation((.4, .3, 0))); done(o, bm)",
        "a torus fatter than its hole": "bpy.data.objects.remove(o); bpy.ops.mesh.primitive_torus_add(major_radius=.3,"
        " minor_radius=.5, location=(at[0], at[1], .5)); o = bpy.context.object; o.name = 'Odd'; paint()",
    },
    "floating": {
        "in the air": "o.location.z = 4",
        "a part in the air": "bm = edit(o); bmesh.ops.create_cube(bm, size=.4, matrix="
        "mathutils.Matrix.Translation((0, 0, 3))); done(o, bm)",
    },
    "hovering": {
        "by 2 %": "o.location.z += .02",
        "by a fifth": "o.location.z += .2",
        "above a box": "add_box('Under', (2, 2, 1), (at[0], at[1], .5)); o.location.z = 1.55",
        "in the box of what it hangs on": "bm = edit(o); top = [f for f in bm.faces if f.normal.z > .5];"
        " bmesh.ops.delete(bm, geom=top, context='FACES_ONLY'); done(o, bm);"
        " part = add_box('Part', (.2, .2, .2), (0, 0, -.35)); part.parent = o",
    },
    "below_ground": {
        "half": "o.location.z = 0",
        "wholly": "o.location.z = -3",
    },
    "interpenetration": {
        "by a fifth": "add_box('Other', at=(at[0] + .8, at[1], .5))",
        "turned": "add_box('Other', at=(at[0] + .8, at[1] + .3, .5)).rotation_euler.z = .6",
        "inside": "add_box('Other', (.4, .4, .4), (at[0], at[1], .5))",
        "at the same place": "add_box('Other', at=tuple(o.location))",
        "through a wall": "add_box('Other', (.1, 4, 3), (at[0] + .1, at[1], 1.5))",
        "a chair half through a table": "bpy.data.objects.remove(o); top = add_box('Odd', (1.4, .8, .04), (at[0], 0, .73))\n"
        "for x in (-.6, .6):\n    for y in (-.3, .3): add_box('Leg', (.06, .06, .71), (at[0] + x, y, .355))\n"
        "add_box('Seat', (.4, .4, .04), (at[0], -.1, .45)); add_box('Back', (.4, .04, .6), (at[0], -.28, .77))\n"
        "for x in (-.18, .18):\n    for y in (-.28, .08): add_box('Foot', (.04, .04, .43), (at[0] + x, y, .215))",
        "through a curtain": "bpy.ops.mesh.primitive_plane_add(size=4, location=(at[0], at[1], 2),"
        " rotation=(math.pi / 2, 0, 0)); bpy.context.object.name = 'Curtain'; paint()",
    },
    "stray": {
        "far away": "o.location.x = 3000",
        "out of sight": "o.location = (800, -700, .5)",
    },
    "scale_outlier": {
        "a hundred times": "o.data.transform(mathutils.Matrix.Scale(100, 4)); o.location = (at[0] + 60, at[1], 50)",
        "a thousandth": "o.data.transform(mathutils.Matrix.Scale(.001, 4)); o.location.z = .0005",
        "by its scale": "o.scale = (200, 200, 200); o.location = (at[0] + 120, at[1], 100)",
    },
    "unapplied_scale": {
        "stretched": "o.scale = (1, 2, 1)",
        "mirrored": "o.scale = (-1, 1, 1)",
    },
    "missing_material": {
        "none": "o.data.materials.clear()",
        "an empty slot": "o.data.materials[0] = None",
        "some faces": "o.data.materials.append(None); o.data.polygons[0].material_index = 1",
    },
    "invalid_geometry": {
        "NaN": "o.data.vertices[0].co.x = float('nan')",
        "infinite": "o.data.vertices[0].co.x = float('inf')",
        "scale 0": "o.scale = (1, 1, 0)",
        "eaten by a modifier": "m = o.modifiers.new('Mask', 'MASK'); o.vertex_groups.new(name='None'); m.vertex_group = 'None'",
    },
    "over_budget": {"ten": ""},
}

CLEAN: dict[str, str] = {
    "empty": "",
    "a box": "add_box('Box')",
    "a stack of boxes": "for i in range(5): add_box(f'Box {i}', at=(0, 0, .5 + i))",
    "boxes side by side": "for i in range(5): add_box(f'Box {i}', at=(i, 0, .5))",
    "a ball on a plane": "bpy.ops.mesh.primitive_plane_add(size=10); bpy.ops.mesh.primitive_uv_sphere_add(location=(0, 0, 1))",
    "pyramid of balls": """
for x in (-.5, .5):
    for y in (-.5, .5):
        bpy.ops.mesh.primitive_uv_sphere_add(radius=.5, segments=48, ring_count=24, location=(x, y, .5))
bpy.ops.mesh.primitive_uv_sphere_add(radius=.5, segments=48, ring_count=24, location=(0, 0, .5 + math.sqrt(.5)))
""",
    "a table of parts let into each other": """
add_box('Top', (1.4, .8, .04), (0, 0, .73))
for x in (-.6, .6):
    for y in (-.3, .3):
        add_box(f'Leg {x} {y}', (.06, .06, .713), (x, y, .3565))
""",
    "a table of parts that abut": """
add_box('Top', (1.4, .8, .04), (0, 0, .72))
for x in (-.6, .6):
    for y in (-.3, .3):
        add_box(f'Leg {x} {y}', (.06, .06, .7), (x, y, .35))
""",
    "a chair under a table": """
add_box('Top', (1.4, .8, .04), (0, 0, .72))
for x in (-.6, .6):
    for y in (-.3, .3):
        add_box(f'Leg {x} {y}', (.06, .06, .7), (x, y, .35))
add_box('Seat', (.4, .4, .04), (0, -.3, .45))
add_box('Back', (.4, .04, .5), (0, -.48, .72))
for x in (-.17, .17):
    for y in (-.13, -.47):
        add_box(f'Foot {x} {y}', (.04, .04, .43), (x, y, .215))
""",
    "a lamp under a ceiling and a picture on a wall": """
add_box('Floor', (5, 5, .1), (0, 0, -.05))
add_box('Wall', (5, .2, 2.5), (0, 2.4, 1.25))
add_box('Ceiling', (5, 5, .1), (0, 0, 2.55))
add_box('Cord', (.02, .02, .8), (0, 0, 2.1))
add_box('Shade', (.4, .4, .3), (0, 0, 1.55))
add_box('Picture', (.8, .03, .6), (0, 2.285, 1.5))
""",
    "a snowman": """
root = bpy.data.objects.new('Snowman', None); bpy.context.scene.collection.objects.link(root)
for name, radius, z in (('Body', .5, .5), ('Chest', .35, 1.2), ('Head', .25, 1.7)):
    bpy.ops.mesh.primitive_uv_sphere_add(radius=radius, location=(0, 0, z))
    bpy.context.object.name, bpy.context.object.parent = name, root
""",
    "a tree of two meshes": """
bpy.ops.mesh.primitive_cylinder_add(radius=.15, depth=2, location=(0, 0, 1)); bpy.context.object.name = 'Tree Trunk'
bpy.ops.mesh.primitive_ico_sphere_add(radius=.9, subdivisions=3, location=(0, 0, 2.3))
bpy.context.object.name = 'Tree Foliage'
""",
    "a wood of copies": """
bpy.ops.mesh.primitive_cone_add(radius1=.8, depth=3, location=(0, 0, 1.5)); mesh = bpy.context.object.data
root = bpy.data.objects.new('Wood', None); bpy.context.scene.collection.objects.link(root)
bpy.context.object.parent = root
for i in range(11):
    o = bpy.data.objects.new(f'Tree {i}', mesh); bpy.context.scene.collection.objects.link(o); o.parent = root
    o.scale = (.8 + i / 20,) * 3; o.location = (1 + i, i % 2, 1.5 * (.8 + i / 20))
""",
    "a house": """
add_box('House Walls', (4, 3, 2.5), (0, 0, 1.25))
bm = bmesh.new(); bmesh.ops.create_cone(bm, cap_ends=True, segments=4, radius1=3.2, radius2=0, depth=1.5)
me = bpy.data.meshes.new('Roof'); bm.to_mesh(me); o = bpy.data.objects.new('House Roof', me)
o.location = (0, 0, 3.2); o.rotation_euler.z = math.pi / 4; bpy.context.scene.collection.objects.link(o)
add_box('House Door', (.9, .12, 2), (0, -1.5, 1))
bpy.ops.mesh.primitive_plane_add(size=30)
""",
    "Suzanne": "bpy.ops.mesh.primitive_monkey_add(location=(0, 0, 1))\nz = min((bpy.context.object.matrix_world @ v.co).z"
    " for v in bpy.context.object.data.vertices)\nbpy.context.object.location.z -= z",
    "Suzanne subdivided": "bpy.ops.mesh.primitive_monkey_add(location=(0, 0, .98))\n"
    "bpy.context.object.modifiers.new('S', 'SUBSURF').levels = 2",
    "a text and curves": """
bpy.ops.object.text_add(rotation=(math.pi / 2, 0, 0)); bpy.context.object.data.body = 'Hello'
bpy.context.object.data.extrude = .05
bpy.ops.curve.primitive_bezier_circle_add(location=(6, 0, .1)); bpy.context.object.data.bevel_depth = .1
bpy.ops.curve.primitive_bezier_curve_add(location=(0, 0, 5))
""",
    "a terrain with trees": """
bpy.ops.mesh.primitive_grid_add(x_subdivisions=40, y_subdivisions=40, size=40)
ground = bpy.context.object; ground.name = 'Terrain'
height = lambda x, y: math.sin(x / 4) * 1.5 + math.cos(y / 5) - 2
for v in ground.data.vertices: v.co.z = height(v.co.x, v.co.y)
for i in range(12):
    x, y = random.uniform(-17, 17), random.uniform(-17, 17)
    bpy.ops.mesh.primitive_cone_add(radius1=.6, depth=3, location=(x, y, height(x, y) + 1.3))
""",
    "stones half in the ground": """
bpy.ops.mesh.primitive_plane_add(size=20)
for i in range(6):
    bpy.ops.mesh.primitive_ico_sphere_add(radius=.5, subdivisions=2, location=(i * 2 - 5, 0, .2))
""",
    "an open cup, a cloth and leaves": """
bpy.ops.mesh.primitive_cylinder_add(vertices=32, radius=.05, depth=.1, end_fill_type='NOTHING', location=(0, 0, .05))
bpy.ops.mesh.primitive_grid_add(size=1, x_subdivisions=20, y_subdivisions=20, location=(2, 0, 0))
for v in bpy.context.object.data.vertices: v.co.z = .02 + .02 * math.sin(v.co.x * 9)
bm = bmesh.new()
for i in range(60):
    m = mathutils.Matrix.Translation((5 + random.random(), random.random(), random.random() * 2))
    bmesh.ops.create_grid(bm, size=.03, matrix=m @ mathutils.Euler((random.random() * 6, random.random() * 6, 0)).to_matrix().to_4x4())
bmesh.ops.create_cone(bm, cap_ends=True, segments=8, radius1=.1, radius2=.05, depth=1, matrix=mathutils.Matrix.Translation((5.5, .5, .5)))
me = bpy.data.meshes.new('Bush'); bm.to_mesh(me); bpy.context.scene.collection.objects.link(bpy.data.objects.new('Bush', me))
""",
    "a hollow ball": """
bm = bmesh.new()
bmesh.ops.create_icosphere(bm, subdivisions=3, radius=1)
inner = bmesh.ops.create_icosphere(bm, subdivisions=3, radius=.8)['verts']
bmesh.ops.reverse_faces(bm, faces=list({f for v in inner for f in v.link_faces}))
me = bpy.data.meshes.new('Hollow'); bm.to_mesh(me); o = bpy.data.objects.new('Hollow', me); o.location.z = 1
bpy.context.scene.collection.objects.link(o)
""",
    "mirrored and linked copies": """
a = add_box('Left', (1, 2, 1), (-2, 0, .5))
b = a.copy(); b.name = 'Right'; b.scale.x = -1; b.location.x = 2; bpy.context.scene.collection.objects.link(b)
for i in range(5):
    c = a.copy(); c.location.x = 5 + 3 * i; c.rotation_euler.z = i; bpy.context.scene.collection.objects.link(c)
""",
    "a snowman and a mug of loose parts": """
for name, radius, z in (('Body', .5, .5), ('Chest', .35, 1.2), ('Head', .25, 1.7)):
    bpy.ops.mesh.primitive_uv_sphere_add(radius=radius, location=(0, 0, z)); bpy.context.object.name = name
bpy.ops.mesh.primitive_cylinder_add(radius=.4, depth=1, location=(3, 0, .5)); bpy.context.object.name = 'Mug'
bpy.ops.mesh.primitive_torus_add(major_radius=.25, minor_radius=.05, location=(3.45, 0, .5), rotation=(math.pi / 2, 0, 0))
bpy.context.object.name = 'Handle'
""",
    "a room seen from within": """
add_box('Room', (6, 5, 3), (0, 0, 1.5)).data.flip_normals()
add_box('Cupboard', (1, .5, 2), (2.5, 0, 1)); add_box('Bed', (1, 2, .5), (-2, 0, .25)); add_box('Lamp', (.2, .2, .5), (0, 0, 2.75))
""",
    "a fish in an aquarium": """
tank = add_box('Tank', (2, 1, 1), (0, 0, .5)); glass = bpy.data.materials.new('Glass'); glass.use_nodes = True
next(n for n in glass.node_tree.nodes if n.type == 'BSDF_PRINCIPLED').inputs['Transmission Weight'].default_value = 1
tank.data.materials.clear(); tank.data.materials.append(glass); add_box('Fish', (.3, .1, .1), (0, 0, .5))
""",
    "crossed beams and a leaning plank": """
add_box('A', (4, .2, .2), (0, 0, .1)); add_box('B', (.2, 4, .2), (0, 0, .3)); add_box('C', (4, .2, .2), (0, 1, .5))
add_box('Wall', (4, .2, 4), (9, 0, 2)); plank = add_box('Plank', (.5, .05, 3)); a = math.radians(20)
plank.rotation_euler.x = -a
plank.location = (9, -.1 - .025 * math.cos(a) - 1.5 * math.sin(a), 1.5 * math.cos(a) + .025 * math.sin(a))
""",
    "hidden and helper objects": """
add_box('Box')
add_box('Hidden', at=(.3, 0, .5)).hide_render = True
add_box('Away', at=(0, 0, 50)).hide_set(True)
drafts = bpy.data.collections.new('Drafts'); bpy.context.scene.collection.children.link(drafts); drafts.hide_render = True
draft = add_box('Draft', at=(.4, .2, .5)); bpy.context.scene.collection.objects.unlink(draft); drafts.objects.link(draft)
cutter = add_box('Cutter', at=(.5, .5, 1)); cutter.display_type = 'WIRE'
m = bpy.data.objects['Box'].modifiers.new('Cut', 'BOOLEAN'); m.object = cutter
bpy.ops.object.light_add(type='SUN', location=(0, 0, 90)); bpy.ops.object.camera_add(location=(900, 0, 0))
bpy.ops.object.empty_add(location=(0, 0, -50))
""",
    "collection instances": """
kit = bpy.data.collections.new('Kit'); box = add_box('Box'); top = add_box('Top', (.5, .5, .5), (0, 0, 1.25))
for o in (box, top): bpy.context.scene.collection.objects.unlink(o); kit.objects.link(o)
for i in range(4):
    e = bpy.data.objects.new(f'Copy {i}', None); e.instance_type = 'COLLECTION'; e.instance_collection = kit
    e.location.x = 3 * i; bpy.context.scene.collection.objects.link(e)
""",
    "a sky around it": """
add_box('Box'); add_box('Box 2', at=(3, 0, .5)); bpy.ops.mesh.primitive_plane_add(size=50)
bpy.ops.mesh.primitive_uv_sphere_add(radius=200, segments=64, ring_count=32); bpy.context.object.name = 'Sky'
bpy.context.object.data.flip_normals()
""",
    "a boat on water and a fish in it": """
bpy.ops.mesh.primitive_plane_add(size=30); bpy.context.object.name = 'Water'
add_box('Boat', (2, 5, 1.2), (0, 0, .2))
""",
    "apples in a bowl": """
bm = bmesh.new()
bmesh.ops.create_uvsphere(bm, u_segments=48, v_segments=24, radius=.2)
bmesh.ops.delete(bm, geom=[v for v in bm.verts if v.co.z > .01], context='VERTS')
me = bpy.data.meshes.new('Bowl'); bm.to_mesh(me); bowl = bpy.data.objects.new('Bowl', me); bowl.location.z = .2
bpy.context.scene.collection.objects.link(bowl); bowl.modifiers.new('Wall', 'SOLIDIFY').thickness = .01
bpy.ops.mesh.primitive_uv_sphere_add(radius=.05, segments=48, ring_count=24, location=(0, 0, .06)); bpy.context.object.name = 'Apple'
bpy.ops.object.select_all(action='DESELECT')
""",
    "a castle of a millimetre": "for i in range(4): add_box(f'Tower {i}', (.0002, .0002, .001), (i * .0003, 0, .0005))",
    "a town of a kilometre": """
bpy.ops.mesh.primitive_plane_add(size=1500); bpy.context.object.name = 'Ground'
for i in range(25): add_box(f'Block {i}', (40, 30, 20 + 3 * i), (i % 5 * 200 - 400, i // 5 * 200 - 400, 10 + 1.5 * i))
""",
    "bevels, arrays and subdivisions": """
a = add_box('Bevelled'); a.modifiers.new('B', 'BEVEL').width = .05
b = add_box('Row', (.3, .3, .3), (3, 0, .15)); m = b.modifiers.new('A', 'ARRAY'); m.count = 5; m.relative_offset_displace[0] = 1.5
c = add_box('Smooth', at=(0, 3, .5)); c.modifiers.new('S', 'SUBSURF').levels = 3
bpy.context.view_layer.update()
c.location.z = -min(v.co.z for v in c.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.vertices)
d = add_box('Cut', at=(3, 3, .5)); k = add_box('Knife', at=(3.5, 3.5, 1)); k.hide_render = k.hide_viewport = True
m = d.modifiers.new('C', 'BOOLEAN'); m.object = k
""",
}
