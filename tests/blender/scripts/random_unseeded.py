# Takes chance as it comes: the seed is the caller's.
import random

import bpy
import numpy as np
from mathutils import noise

for i in range(10):
    bpy.ops.object.empty_add(location=(random.random(), np.random.rand(), noise.random()))
bpy.ops.object.select_all(action="SELECT")
bpy.ops.object.randomize_transform(random_seed=3, loc=(1, 1, 1))
