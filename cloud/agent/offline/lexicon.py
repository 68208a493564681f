"""The closed-class words of the grammar: numbers, units, sizes, relations, verbs and words without weight."""

from cloud.agent.offline.orders import Axis, RelationKind

NUMBERS: dict[str, int] = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "a hundred": 100, "one hundred": 100,
    "a pair of": 2, "pair of": 2, "a couple of": 2, "couple of": 2, "a couple": 2, "a set of": 4, "a dozen": 12,
    "dozen": 12, "a dozen of": 12, "half a dozen": 6, "two dozen": 24, "a few": 3, "few": 3, "several": 5,
    "a bunch of": 5, "a group of": 5, "a handful of": 5, "a number of": 5, "many": 8, "lots of": 10, "a lot of": 10,
    "plenty of": 10, "single": 1, "a single": 1, "a cluster of": 5, "both": 2, "twin": 2,
}  # fmt: skip

TENS = {word: value for word, value in NUMBERS.items() if value in range(20, 100, 10) and " " not in word}
ONES = {word: value for word, value in NUMBERS.items() if 1 <= value <= 9 and " " not in word}

UNITS_M: dict[str, float] = {
    "m": 1, "metre": 1, "metres": 1, "meter": 1, "meters": 1, "mtr": 1, "cm": 0.01, "centimetre": 0.01,
    "centimetres": 0.01, "centimeter": 0.01, "centimeters": 0.01, "mm": 0.001, "millimetre": 0.001,
    "millimetres": 0.001, "millimeter": 0.001, "millimeters": 0.001, "km": 1000, "kilometre": 1000,
    "kilometres": 1000, "kilometer": 1000, "kilometers": 1000, "inch": 0.0254, "inches": 0.0254, "in": 0.0254,
    "foot": 0.3048, "feet": 0.3048, "ft": 0.3048, "yard": 0.9144, "yards": 0.9144, "yd": 0.9144, "dm": 0.1,
    "decimetre": 0.1, "decimeter": 0.1, "unit": 1, "units": 1, '"': 0.0254, "”": 0.0254, "″": 0.0254, "'": 0.3048,
    "’": 0.3048, "′": 0.3048, "mile": 1609.344, "miles": 1609.344, "meteres": 1, "metters": 1,
}  # fmt: skip

SIZES: dict[str, tuple[Axis | None, float]] = {
    "tiny": (None, 0.4), "miniature": (None, 0.4), "mini": (None, 0.5), "minuscule": (None, 0.3), "little": (None, 0.7),
    "small": (None, 0.7), "smaller": (None, 0.7), "smallish": (None, 0.8), "medium": (None, 1.0),
    "medium sized": (None, 1.0), "regular sized": (None, 1.0), "big": (None, 1.4), "bigger": (None, 1.4),
    "large": (None, 1.4), "larger": (None, 1.4), "oversized": (None, 1.7), "huge": (None, 2.0), "massive": (None, 2.2),
    "enormous": (None, 2.5), "giant": (None, 3.0), "gigantic": (None, 3.0), "colossal": (None, 3.5),
    "extra large": (None, 1.8), "tall": ("z", 1.4), "taller": ("z", 1.3), "high": ("z", 1.4), "higher": ("z", 1.3),
    "short": ("z", 0.7), "shorter": ("z", 0.75), "low": ("z", 0.7), "lower": ("z", 0.75), "wide": ("x", 1.4),
    "wider": ("x", 1.3), "broad": ("x", 1.4), "broader": ("x", 1.3), "narrow": ("x", 0.7), "narrower": ("x", 0.75),
    "long": ("l", 1.5), "longer": ("l", 1.3), "deep": ("y", 1.4), "deeper": ("y", 1.3), "shallow": ("y", 0.7),
    "thin": ("d", 0.65), "thinner": ("d", 0.75), "slim": ("d", 0.7), "slender": ("d", 0.7), "skinny": ("d", 0.6),
    "thick": ("d", 1.4), "thicker": ("d", 1.3), "fat": ("d", 1.4), "fatter": ("d", 1.3), "chunky": ("d", 1.3),
    "half size": (None, 0.5), "half sized": (None, 0.5), "half the size": (None, 0.5), "half its size": (None, 0.5),
    "double the size": (None, 2.0), "twice the size": (None, 2.0), "double size": (None, 2.0),
    "twice its size": (None, 2.0), "double its size": (None, 2.0), "life sized": (None, 1.0),
    "triple the size": (None, 3.0), "half the height": ("z", 0.5), "twice the height": ("z", 2.0),
    "double the height": ("z", 2.0), "half the width": ("x", 0.5), "twice the width": ("x", 2.0),
    "double the width": ("x", 2.0), "half the length": ("l", 0.5), "twice the length": ("l", 2.0),
    "double the length": ("l", 2.0),
}  # fmt: skip

AXES_AFTER_MEASURE: dict[str, Axis] = {
    "tall": "z", "high": "z", "in height": "z", "height": "z", "wide": "x", "in width": "x", "width": "x",
    "broad": "x", "deep": "y", "in depth": "y", "depth": "y", "long": "l", "in length": "l", "length": "l",
    "thick": "t", "in thickness": "t", "across": "d", "in diameter": "d", "diameter": "d", "in size": "max",
    "big": "max", "large": "max", "taller": "z", "higher": "z", "wider": "x", "longer": "l", "deeper": "y",
    "bigger": "max", "larger": "max", "smaller": "max", "shorter": "z", "narrower": "x",
}  # fmt: skip

MEASURE_WORDS: dict[str, str] = {
    "height": "height", "width": "width", "length": "length", "depth": "depth", "diameter": "diameter",
    "radius": "radius", "thickness": "thickness", "size": "size", "edge length": "size", "side length": "size",
    "major radius": "major_radius", "minor radius": "minor_radius", "major segments": "major_segments",
    "minor segments": "minor_segments", "radius1": "radius", "radius2": "radius_top", "bottom radius": "radius",
    "top radius": "radius_top", "main radius": "major_radius", "tube radius": "minor_radius",
    "dimensions": "dimensions", "dimension": "dimensions", "measuring": "dimensions", "sides": "vertices",
    "vertices": "vertices", "segments": "segments", "rings": "rings", "ring count": "rings", "verts": "vertices",
    "subdivisions": "subdivisions", "subdivision": "subdivisions", "subdivision level": "subdivisions",
}  # fmt: skip
"""Words that a number follows ("radius 0.5"), or precedes where it has no unit ("32 segments")."""

MEASURE_AXES: dict[str, Axis] = {
    "height": "z", "width": "x", "depth": "y", "length": "l", "diameter": "d", "thickness": "t", "size": "max",
}  # fmt: skip

RELATIONS: dict[str, RelationKind] = {
    "on": "on", "on top of": "on", "upon": "on", "atop": "on", "onto": "on", "resting on": "on", "on the top of": "on",
    "at the top of": "on", "in": "in", "inside": "in", "into": "in", "inside of": "in", "within": "in",
    "under": "under",
    "underneath": "under", "beneath": "under", "below": "under", "next to": "next_to", "beside": "next_to",
    "alongside": "next_to", "leaning against": "next_to", "against": "next_to",
    "adjacent to": "next_to", "besides": "next_to",
    "at the side of": "next_to",
    "by the side of": "next_to", "to the side of": "next_to", "by": "near", "near": "near", "close to": "near",
    "near to": "near", "left of": "left_of", "to the left of": "left_of", "on the left of": "left_of",
    "on the left side of": "left_of", "to the left side of": "left_of", "at the left of": "left_of",
    "right of": "right_of", "to the right of": "right_of", "on the right of": "right_of",
    "on the right side of": "right_of", "to the right side of": "right_of", "in front of": "in_front_of",
    "before": "in_front_of", "behind": "behind", "in back of": "behind", "at the back of": "behind",
    "around": "around", "all around": "around", "surrounding": "around", "encircling": "around",
    "round about": "around",
    "on each side of": "around", "on either side of": "around", "on both sides of": "around",
    "at each end of": "around",
    "between": "between", "in between": "between", "in the middle of": "in", "over": "above", "above": "above",
    "floating above": "above", "hovering above": "above", "hovering over": "above", "facing": "facing",
    "looking at": "facing", "across from": "in_front_of", "opposite": "in_front_of", "filled with": "with",
}  # fmt: skip

REVERSED_RELATIONS: dict[str, RelationKind] = {
    "surrounded by": "around", "encircled by": "around", "flanked by": "around", "topped with": "on",
    "topped by": "on", "holding": "in", "containing": "in", "full of": "in", "filled with": "in",
    "covered by": "on", "supporting": "on", "carrying": "on",
}  # fmt: skip
"""The anchor comes first: "a house surrounded by trees"."""

SIDES: dict[str, RelationKind] = {
    "on the left": "left_of", "to the left": "left_of", "on its left": "left_of", "to its left": "left_of",
    "on the left side": "left_of", "on its left side": "left_of", "left": "left_of", "on the right": "right_of",
    "to the right": "right_of", "on its right": "right_of", "to its right": "right_of",
    "on the right side": "right_of", "on its right side": "right_of", "in front": "in_front_of",
    "in the front": "in_front_of", "forward": "in_front_of", "forwards": "in_front_of", "at the back": "behind",
    "in the back": "behind", "in the background": "behind", "backward": "behind", "backwards": "behind",
    "on top": "on", "at the top": "on", "on the top": "on", "underneath": "under", "up": "above", "down": "under",
    "upward": "above", "upwards": "above", "downward": "under", "downwards": "under", "nearby": "near",
    "next to each other": "near", "to the front": "in_front_of", "to the back": "behind", "on its top": "on",
    "right": "right_of", "inside": "in", "beside": "next_to",
}  # fmt: skip
"""Relations without an anchor of their own: it is what the sentence is about. After a verb of motion: directions."""

ARRANGEMENTS: dict[str, str] = {
    "a row of": "row", "row of": "row", "rows of": "grid", "in a row": "row", "a line of": "row", "line of": "row",
    "in a line": "row", "lined up": "row", "side by side": "row", "in rows": "grid", "an avenue of": "row",
    "a circle of": "circle", "circle of": "circle", "a ring of": "circle", "ring of": "circle", "in a circle": "circle",
    "in a ring": "circle", "a stack of": "stack", "stack of": "stack", "a pile of": "stack", "pile of": "stack",
    "a tower of": "stack", "stacked": "stack", "in a stack": "stack", "on top of each other": "stack",
    "stacked on top of each other": "stack", "on top of one another": "stack", "a grid of": "grid", "grid of": "grid",
    "in a grid": "grid", "a field of": "scatter", "scattered": "scatter", "a forest of": "scatter",
    "a grove of": "scatter", "next to each other": "row", "a column of": "stack", "next to one another": "row",
    "a queue of": "row", "arranged in a circle": "circle", "arranged in a row": "row", "arranged in a grid": "grid",
    "a semicircle of": "circle", "an array of": "grid", "array of": "grid",
}  # fmt: skip
ARRANGEMENT_COUNTS = {"row": 5, "circle": 8, "grid": 9, "stack": 3, "scatter": 9}

FUNCTION_WORDS: dict[str, tuple[str, ...]] = {
    "naming": ("named", "called", "name", "titled", "labelled", "labeled", "name it", "call it", "with the name"),
    # Styles whose words mean something else alone; none can be honoured.
    "style": ("low poly", "high poly", "lowpoly", "sci fi", "science fiction", "hard surface", "art deco",
              "old fashioned", "high tech", "low resolution", "high resolution", "hand painted", "cel shaded",
              "long haired", "short haired"),
    "with": ("with", "has", "have", "having", "featuring", "wearing", "holds"),
    "without": ("without", "with no", "but no", "lacking"),
    "copula": ("is", "are", "should be", "must be", "shall be", "has to be", "have to be", "will be", "being"),
    "and": ("and", "plus", "as well as", "along with", "together with", "then"),
    "of": ("covered in", "covered with", "coated in", "made of", "made from", "made out of", "built of", "built from",
           "out of", "carved from", "of"),
    "each_of_them": ("each of them", "each one", "each of these"),
    "at": ("at", "to", "located at", "positioned at", "placed at", "centred at", "centered at", "at position",
           "at location", "location", "position", "at the coordinates", "at coordinates"),
}  # fmt: skip
DETERMINERS: dict[str, str] = {
    "a": "a", "an": "a", "the": "the", "another": "another", "a second": "another", "a third": "another",
    "more": "more", "one more": "one more", "each": "each", "every": "each", "each of the": "each", "all": "all",
    "all the": "all the", "all of the": "all the", "some": "some", "any": "any", "its": "its", "their": "their",
    "no": "without", "this": "this", "these": "these", "those": "those", "that": "that",
}  # fmt: skip
ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1}
TIMES = {"twice": 2.0, "double": 2.0, "half": 0.5, "triple": 3.0, "thrice": 3.0}
DEGREES = {
    "a bit": 0.5, "slightly": 0.5, "a little": 0.5, "much": 2.0, "a lot": 2.0, "very": 1.5, "extremely": 2.0,
    "super": 2.0, "really": 1.5, "quite": 0.8,
}  # fmt: skip


VERBS: dict[str, str] = {
    "remove": "remove", "delete": "remove", "erase": "remove", "take away": "remove", "get rid of": "remove",
    "discard": "remove", "destroy": "remove", "drop the": "remove", "clear": "remove", "eliminate": "remove",
    "move": "move", "shift": "move", "slide": "move", "bring": "move", "relocate": "move", "push": "move",
    "pull": "move", "lift": "move", "raise": "move", "put": "put", "place": "put", "set": "put", "position": "put",
    "rotate": "rotate", "spin": "rotate", "turn": "turn", "scale": "scale", "resize": "scale", "enlarge": "enlarge",
    "grow": "enlarge", "shrink": "shrink", "reduce": "shrink", "rename": "rename", "duplicate": "duplicate",
    "copy": "duplicate", "clone": "duplicate", "replace": "replace", "swap": "swap", "exchange": "swap",
    "substitute": "replace", "undo": "undo", "revert": "undo", "go back": "undo", "make": "make", "paint": "paint",
    "colour": "paint", "color": "paint", "recolor": "paint", "recolour": "paint", "dye": "paint", "change": "paint",
    "turn into": "paint", "add": "add", "create": "add", "build": "add", "model": "add", "generate": "add",
    "draw": "add", "design": "add", "render": "add", "give": "give", "stack": "arrange", "arrange": "arrange",
    "stretch": "scale", "double": "double", "halve": "halve", "recreate": "add", "construct": "add", "show": "add",
    "insert": "add", "include": "add",
}  # fmt: skip

PRONOUNS = {"it": "one", "this": "one", "that": "one", "them": "all", "these": "all", "those": "all", "they": "all",
            "everything": "everything", "all of it": "everything", "the scene": "everything",
            "all objects": "everything", "all things": "everything", "the whole scene": "everything"}  # fmt: skip

FILLERS = frozenset(
    """
    please kindly me i we want would like can could you need to my our for there be should must let's lets i'd
    i'll just now then so scene thing things object objects mesh meshes blender 3d picture image of that's
    which who stands standing stand sits sitting sit located placed positioned put having has have nice nicely
    beautiful pretty lovely good great simple basic plain ordinary normal standard classic typical usual
    exactly about approximately roughly around circa quite rather very really too more also as well else new
    hello hi hey thanks thank ok okay floor ground onto is's its own same other total
    at from side sides it's here shape shaped looking style colour color coloured colored painted material
    rotated turned tilted by to into axis degrees altogether together piece pieces apart
    times spaced made out using something some any only even cool empty model composition
    """.split()  # noqa: SIM905 - a list of a hundred words reads worse
)
"""Words that change nothing and are not reported."""

TOPS = frozenset({"table", "desk", "shelf", "cabinet", "chest_of_drawers"})
"""What things are put on, rather than on a chair that was named first."""

INHERENT: dict[str, frozenset[str]] = {
    "medieval": frozenset(("anvil", "axe", "barrel", "bridge", "candlestick", "castle", "chest", "church", "crown",
                           "gate", "lantern", "shield", "sword", "torch", "tower", "wagon", "well", "windmill")),
    "evergreen": frozenset(("pine", "christmas_tree")),
    "decorated": frozenset(("christmas_tree", "cake")),
    "festive": frozenset(("christmas_tree", "gift")),
    "ripe": frozenset(("apple", "banana", "cherry", "lemon", "orange", "pear", "strawberry", "watermelon")),
    "fresh": frozenset(("apple", "banana", "bread", "carrot", "cherry", "egg", "lemon", "orange", "pear")),
    "pointed": frozenset(("cone", "star", "sword", "pyramid", "pine", "pencil")),
    "sharp": frozenset(("sword", "knife", "axe", "arrow")),
    "carrot": frozenset(("snowman",)),
}  # fmt: skip
"""Words that say of a thing what it is anyhow, by the things of which that is so."""

CLOSED = frozenset({"box", "crate", "chest", "barrel", "cabinet", "wardrobe", "gift"})
"""What can be stood on, but has no room that is open."""

IDIOMS: tuple[str, ...] = (
    "on the ground", "on the floor", "to the ground", "to the floor",
    "in the scene", "to the scene", "from the scene", "in total", "of the scene",
    "i want you to", "i would like", "i'd like", "can you", "could you", "for me", "as well", "in blender",
    "in real size", "life size", "a scene with", "a scene of", "a model of", "a picture of", "an image of",
    "a 3d model of", "at the same time", "in the colour", "in the color", "of colour", "of color", "in colour",
    "in color", "a piece of", "standing on the ground", "standing on the floor", "each other", "in it's place",
    "in its place", "next to it's", "made up of", "thank you", "the whole", "as tall as before", "kind of",
)  # fmt: skip
"""Phrases that change nothing."""
