import bpy

curve = bpy.data.curves.new("Wire", "CURVE")
curve.dimensions = "3D"
curve.bevel_depth = 0.05
curve.resolution_u = 8
spline = curve.splines.new("BEZIER")
spline.bezier_points.add(3)
for point, co in zip(spline.bezier_points, [(0, 0, 0), (1, 1, 0), (2, 0, 1), (3, -1, 0)]):
    point.co = co
    point.handle_left_type = point.handle_right_type = "AUTO"
bpy.context.collection.objects.link(bpy.data.objects.new("Wire", curve))
