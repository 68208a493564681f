import sys

import bpy

bpy.ops.mesh.primitive_cube_add()
sys.exit("no input file given")
