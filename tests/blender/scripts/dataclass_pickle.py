import json
import os
import pickle
from dataclasses import asdict, dataclass, field
from typing import List, get_type_hints

import bpy


@dataclass
class Part:
    name: str
    size: float = 1.0
    at: "List[float]" = field(default_factory=lambda: [0, 0, 0])


assert get_type_hints(Part)["size"] is float
parts = [Part("a"), Part("b", 2.0, [3, 0, 0])]
with open("parts.pickle", "wb") as f:
    pickle.dump(parts, f)
with open(os.path.join(os.getcwd(), "parts.pickle"), "rb") as f:
    parts = pickle.load(f)
print(json.dumps([asdict(p) for p in parts]))
for p in parts:
    bpy.ops.mesh.primitive_cube_add(size=p.size, location=p.at)
    bpy.context.object.name = p.name
