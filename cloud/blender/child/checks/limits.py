"""Every threshold of `check` in one place. Lengths are shares of a size, so that 1 mm and 1 km are judged alike."""

BEYOND_M = 1e12  # Blender stores an infinite coordinate as its largest number; no scene reaches this far

# Meshes. "Across" is the diagonal of the mesh's own box.
WELD = 2e-5  # of across: vertices closer than this are the same place
ZERO_AREA = 2e-7  # of perimeter²: a face this thin has no area within float precision
FLAT_VOLUME = 1e-6  # of area^1.5: a closed part below it is a folded sheet, and has no inside
CROSSING = 1e-4  # of across: triangles that pass each other by less only touch
SHEET_OPENING = 0.4  # of a part's area: an opening this large makes the part a sheet, which is meant to be open
SMALL_HOLE = 0.005  # of a part's area: a hole, however many edges it has
SMALL_HOLE_IN_SHEET = 0.02
FACE_SIZED_HOLE_EDGES = 8  # a hole with so few edges looks like a deleted face; more look like the mouth of a cup
DOUBLED_PART = 0.9  # of its faces: a part of which so many lie on other faces is there twice

# Touching. "Size" is the middle one of the three dimensions of the smaller thing.
TOUCH = 0.006  # of size: a gap below it is contact (rounded shapes of few segments rest with such gaps)
TOUCH_WITHIN_MESH = 0.02  # of across: parts of one mesh, by their boxes
ATTACHED_CHILD = 0.1  # of the larger one's across: a child this near to its family is held by it
HOVER = 0.5  # of size: a gap up to here hovers above what should carry it, a larger one floats
LOWERED = 0.25  # of the smaller one's size: what hovers higher is told to be joined rather than lowered
NEAR = 1.0  # times its own diagonal: what floats is told with what is within that, else with its height
CLEARLY_NEARER = 0.5  # of the height above what is below it: so near must be what is told instead
PARENT_WITHIN = 1.5  # times that height: so near may its parent be that is told instead
SCATTER_PARTS = 32  # a mesh of more separate parts is a scatter (leaves, grass, rain): judged as one
CROWD_INSTANCES = 64  # an instancer of more is a crowd: its meshes are checked, its placement is not

# Running into each other, as a share of the smaller one's largest dimension.
LET_IN = 0.03  # silent: parts are let into each other on purpose
LET_IN_DEEP = 0.08  # a note up to here, a warning above
LET_IN_HELD = 0.45  # a note up to here where it is what holds one of the two: a handle in its mug
LET_IN_FAMILY = 0.5  # parts of one thing: silent up to here, a note above
LET_IN_LAYERS = 0.3  # of the thinner one's thickness: books, boards and sheets that lie on each other, a note above
LET_IN_LAYERS_DEEP = 0.5  # copies of one kind (Book 2, Book 3): a warning above
LAYER_FLAT = 0.35  # thickness over the middle dimension of what is a layer
LAYER_ALIKE = 0.3  # of the larger one's face: layers of one pile are of a size
LAYER_COVERS = 0.5  # of the smaller one's face that lies over the other: tiles and planks only lap
THROUGH = 0.5  # a way out of more is no depth: the one goes through the other, or lies in its middle
SCATTERED_COPIES = 8  # copies of one mesh from here on are a scatter (trees, stones), which runs into itself
SCATTERED_SHARE = 0.25  # of such copies that float at all heights: leaves and snow, a note
SWALLOWED = 40  # points of a thing that must all lie in another for it to be wholly inside
NEARLY_CONVEX = 1.02  # times a solid's volume: a hull of no more has no hollow to speak of
NEW_DIRECTIONS = 6  # in how many directions at most the way out is tried exactly

# Below the ground, as a share of the thing's height.
SUNK = 0.03  # silent
SUNK_FLAT_BOTTOM = 0.15  # what has a flat bottom is made to stand: a warning above
SUNK_PART = 0.25  # of the deepest part's own height: silent, where that is less; the base of a lamp is flat
SUNK_PART_BURIED = 0.8  # of its own height: hardly seen any more, a warning above
SUNK_PART_FLAT = 0.1  # of the whole thing's height: a thicker part may be built into the ground, as a cellar
SUNK_ROUND_BOTTOM = 0.6  # stones and roots lie in the ground: a warning above

# Sizes and places.
SCALE_GAP = 50.0  # times larger or smaller than the next in size
WILD_SCALE = 100.0  # a scale factor this far from 1
STRAY_ACROSS = 2.0  # times the diagonal of the rest
STRAY_SIZE = 10.0  # times its own largest dimension
STRAY_FROM_ORIGIN = 100.0  # times its own diagonal, for a thing on its own
SKY_LARGER = 3.0  # times the diagonal of everything in it
GROUND_FOOTPRINT = 0.6  # of the scene's plan
GROUND_LARGER = 3.0  # times the next footprint
GROUND_THICKNESS = 0.1  # of its width
APPLIED_SCALE = 1e-3

# Work: counts, so that a report does not depend on how busy the machine is. What is left out is said in the report.
TIME_LIMIT_S = 120.0  # for an emergency
CROSSING_TRIANGLES = 1_000_000  # of the meshes that are tried for running through themselves, small ones first
CONTACT_POINTS = 3_000_000  # that are measured against a neighbour, shared by all near pairs
CONTACT_SAMPLES_AT_LEAST = 60
OVERLAP_PAIRS = 6_000  # that are tried for running into each other, those deepest in each other's boxes first
EXACT_OVERLAP_TRIANGLES = 400_000  # of the pairs whose depths are exact; then points of the one within the other tell
ROUGH_SAMPLES = 150
SAMPLES_AT_MOST = 1500  # points of one thing that are measured against another
DISTANCE_SAMPLES = 200
CARRIERS_TRIED = 24  # bodies under a body that floats, the highest first
NEIGHBOURS_TRIED = 12  # bodies beside it, the nearest first
MEMBERS_TRIED = 200  # bodies of a group that floats, the largest first, that are measured against what is beside it
FLOATING_MEASURED = 300  # groups that float, the largest first; of the rest the height above the ground is told
FINDINGS_AT_MOST = 200
TEXT_AT_MOST_CHARS = 4_400
