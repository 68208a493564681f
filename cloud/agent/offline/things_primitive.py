"""The primitives: exact parameters, and with `centred=True` the origin at the centre as in Blender itself.

A measure of 0.0 is taken from the overall size.
"""

from cloud.agent.offline.thing import Thing, thing

_GREY = {"body": "plastic:light grey"}

PRIMITIVES: tuple[Thing, ...] = (
    thing("cube", "cube,cuboid,box shape,block", (1.0, 1.0, 1.0), _GREY,
          params={"edge": 0.0, "bevel": 0.0, "centred": False}, surface=True),
    thing("uv_sphere", "uv sphere,uvsphere,sphere,globe shape,orb", (1.0, 1.0, 1.0), _GREY,
          params={"segments": 32, "rings": 16, "radius": 0.0, "centred": False}),
    thing("ico_sphere", "ico sphere,icosphere,icosahedron,geodesic sphere", (1.0, 1.0, 1.0), _GREY,
          params={"subdivisions": 2, "radius": 0.0, "centred": False}),
    thing("cylinder", "cylinder,disc,disk", (1.0, 1.0, 1.0), _GREY,
          params={"vertices": 32, "radius": 0.0, "depth": 0.0, "centred": False}, surface=True),
    thing("cone", "cone", (1.0, 1.0, 1.0), _GREY,
          params={"vertices": 32, "radius": 0.0, "depth": 0.0, "radius_top": 0.0, "centred": False}),
    thing("torus", "torus,doughnut shape,ring shape,hoop", (1.25, 1.25, 0.25), _GREY,
          params={"major_radius": 0.0, "minor_radius": 0.0, "major_segments": 48, "minor_segments": 16,
                  "centred": False}),
    thing("plane", "plane,flat plane,ground plane,ground,floor", (2.0, 2.0, 0.0), _GREY,
          params={"edge": 0.0, "centred": False}, surface=True, open_mesh=True),
    thing("circle", "circle shape,filled circle", (1.0, 1.0, 0.0), _GREY,
          params={"vertices": 32, "radius": 0.0, "centred": False}, open_mesh=True),
    thing("grid", "grid shape,subdivided plane", (2.0, 2.0, 0.0), _GREY,
          params={"edge": 0.0, "x_subdivisions": 10, "y_subdivisions": 10, "centred": False},
          surface=True, open_mesh=True),
    thing("monkey", "monkey,suzanne,monkey head", (1.0, 0.62, 0.72), _GREY,
          params={"centred": False}, open_mesh=True),
    thing("capsule", "capsule,pill,pill shape", (0.5, 0.5, 1.0), _GREY,
          params={"segments": 32, "radius": 0.0, "depth": 0.0, "centred": False}),
    thing("pipe", "pipe,tube,hollow cylinder", (0.4, 0.4, 1.0), {"body": "metal"},
          params={"vertices": 32, "radius": 0.0, "depth": 0.0, "thickness": 0.0, "centred": False}),
    thing("pyramid", "pyramid", (1.0, 1.0, 0.8), {"body": "sandstone"},
          params={"sides": 4, "radius": 0.0, "depth": 0.0, "centred": False}),
    thing("prism", "prism,hexagonal prism,triangular prism", (1.0, 1.0, 1.0), _GREY,
          params={"sides": 6, "radius": 0.0, "depth": 0.0, "centred": False}, surface=True),
)  # fmt: skip
