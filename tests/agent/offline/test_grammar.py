"""What the grammar reads: one sentence a case, its groups, relations and what is not built."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.agent.offline.grammar import parse
from cloud.agent.offline.orders import Command, Existing, Group, Relation, Request, Target
from cloud.agent.offline.scene_facts import SceneFacts, SceneObject, read_facts
from cloud.agent.offline.tagging import phrases

SCENE = SceneFacts(
    (
        SceneObject("Table", "table", (1.4, 0.85, 0.75), "", ("Wood",)),
        SceneObject("Chair", "chair", (0.46, 0.52, 0.92), "", ("Red Wood",)),
        SceneObject("Chair 2", "chair", (0.46, 0.52, 0.92), "", ("Blue Wood",)),
        SceneObject("Tower", "tower", (4, 4, 9), "", ("Masonry",)),
        SceneObject("Tower Door", "mesh", (1, 0.1, 2), "Tower", ("Wood",)),
        SceneObject("Desk Lamp", "desk_lamp", (0.3, 0.3, 0.5), "", ("Cream Fabric",)),
        SceneObject("Mug", "mug", (0.12, 0.085, 0.1), "", ("Ceramic",)),
        SceneObject("Mug 2", "mug", (0.12, 0.085, 0.1), "", ("Ceramic",)),
        SceneObject("Key Light", "stage", (0, 0, 0)),
    )
)


def called(target: Target) -> str:
    """`chair`, `3 chair`, or the names of objects of the scene."""
    if isinstance(target, Existing):
        return "+".join(target.names)
    return target.key if target.count == 1 else f"{target.count} {target.key}"


def groups(request: Request) -> list[str]:
    return [called(order) for order in request.orders if isinstance(order, Group)]


def relations(request: Request) -> list[str]:
    return [
        f"{'&'.join(map(called, order.subjects))} {order.kind} {'&'.join(map(called, order.anchors))}"
        for order in request.orders
        if isinstance(order, Relation)
    ]


CREATED = [
    (
        "a red wooden chair next to a round table with two mugs on it",
        ["chair", "table", "2 mug"],
        ["chair next_to table", "2 mug on table"],
    ),
    ("three chairs around a round table", ["3 chair", "table"], ["3 chair around table"]),
    ("a bowl with five apples in it", ["bowl", "5 apple"], ["5 apple in bowl"]),
    ("a bowl of apples", ["bowl", "3 apple"], ["3 apple in bowl"]),
    ("a row of five trees", ["5 tree"], []),
    ("a circle of eight columns", ["8 column"], []),
    ("two rows of five trees", ["10 tree"], []),
    ("3x3 grid of cubes", ["9 cube"], []),
    ("a dozen eggs", ["12 egg"], []),
    ("a bowl of apples on a wooden table", ["bowl", "3 apple", "table"], ["3 apple in bowl", "bowl on table"]),
    ("a vase of red roses beside a bowl of five green apples", ["vase", "3 rose", "bowl", "5 apple"],
     ["3 rose in vase", "vase next_to bowl", "5 apple in bowl"]),
    ("a chair and a mug on a table", ["chair", "mug", "table"], ["mug on table"]),
    ("a pair of candles", ["2 candle"], []),
    ("twenty-five books", ["25 book"], []),
    ("A HOUSE AND A CAR!!!", ["house", "car"], []),
    ("Christmas tree with ornaments and a star", ["christmas_tree"], []),
    ("a castle tower with a wooden door", ["tower"], []),
    ("a house with a red roof and a fence around it", ["house", "fence"], ["fence around house"]),
    ("a house surrounded by trees", ["house", "6 tree"], ["6 tree around house"]),
    ("a lamp between two chairs", ["desk_lamp", "2 chair"], ["desk_lamp between 2 chair"]),
    ("a ball under a table", ["ball", "table"], ["ball under table"]),
    ("three tables with a mug on each", ["3 table", "3 mug"], ["3 mug on 3 table"]),
    ("an orange and a pear on a plate", ["orange", "pear", "plate"], ["orange&pear on plate"]),
    ("A table. On it, two mugs. Next to it is a chair.", ["table", "2 mug", "chair"],
     ["2 mug on table", "chair next_to table"]),
    ("On the desk there is a laptop", ["desk", "laptop"], ["laptop on desk"]),
    ("a vase with a flower on the table", ["vase", "flower", "table"], ["vase on table", "flower with vase"]),
    ("a desk with a lamp, a laptop and three books on it", ["desk", "desk_lamp", "laptop", "3 book"],
     ["desk_lamp&laptop&3 book on desk"]),
    ("a house, a tree next to it, a car in front of it", ["house", "tree", "car"],
     ["tree next_to house", "car in_front_of house"]),
    ("a small white house between two tall pines, with a fence around it", ["house", "2 pine", "fence"],
     ["house between 2 pine", "fence around house"]),
    ("two red cubes and a blue one", ["2 cube", "cube"], []),
    ("There is a house. Behind it stands a mountain.", ["house", "mountain"], ["mountain behind house"]),
    ("a mug left of a laptop", ["mug", "laptop"], ["mug left_of laptop"]),
    ("a mug to the right of a laptop", ["mug", "laptop"], ["mug right_of laptop"]),
    ("a campfire surrounded by four logs", ["campfire", "4 log"], ["4 log around campfire"]),
    ("a sphere 2 m above a cube", ["uv_sphere", "cube"], ["uv_sphere above cube"]),
    ("a woden chiar beside a tabel", ["chair", "table"], ["chair next_to table"]),
    ("5 crates stacked on top of each other", ["5 crate"], []),
]  # fmt: skip


@pytest.mark.parametrize(("prompt", "things", "placed"), CREATED, ids=[case[0] for case in CREATED])
def test_sentence_becomes_things_and_relations(prompt: str, things: list[str], placed: list[str]) -> None:
    request = parse(prompt)
    assert (groups(request), relations(request), request.not_built) == (things, placed, [])


def only_group(prompt: str) -> Group:
    request = parse(prompt)
    assert request.not_built == []
    (group,) = [order for order in request.orders if isinstance(order, Group)]
    return group


@pytest.mark.parametrize(
    ("prompt", "traits"),
    [
        ("a red wooden chair", {"colour": "red", "material": "wood"}),
        ("a dark red chair", {"colour": "dark red"}),
        ("a gold crown", {"material": "gold"}),
        ("a golden plastic cup", {"colour": "gold", "material": "plastic"}),
        ("a chair made of glass", {"material": "glass"}),
        ("a cone in green", {"colour": "green"}),
        ("a 2 m tall robot", {"sizes": {"z": 2.0}}),
        ("a bottle 30cm tall", {"sizes": {"z": 0.3}}),
        ("a vase 8 inches high", {"sizes": {"z": 8 * 0.0254}}),
        ("a 6' tall snowman", {"sizes": {"z": 6 * 0.3048}}),
        ("a box of 2 x 1 x 0.5 m", {"sizes": {"x": 2.0, "y": 1.0, "z": 0.5}}),
        ("a ball with a diameter of 50 mm", {"sizes": {"d": 0.05}}),
        ("a huge tree", {"scale": 2.0}),
        ("a tall thin vase", {"stretch": {"z": 1.4, "d": 0.65}}),
        ("make a chair. Make it red. Make it twice as tall.", {"colour": "red", "stretch": {"z": 2.0}}),
        ("the table is round", {"params": {"shape": "round"}}),
        ("a bookshelf with 6 shelves", {"params": {"shelves": 6}}),
        ("a torus with major radius 1 and minor radius 0.25", {"params": {"major_radius": 1.0, "minor_radius": 0.25}}),
    ],
)
def test_description_becomes_traits(prompt: str, traits: dict[str, object]) -> None:
    read = vars(only_group(prompt).traits)
    assert {name: read[name] for name in traits} == traits


def test_exact_order_is_read_exactly() -> None:
    ball = only_group("a UV sphere named 'Ball' with 32 segments and 16 rings, radius 0.5, at (2, 2, 5)")
    assert (ball.key, ball.name, ball.at) == ("uv_sphere", "Ball", (2.0, 2.0, 5.0))
    assert ball.traits.params == {"segments": 32, "rings": 16, "radius": 0.5}


def test_turned_and_named_order_is_read_exactly() -> None:
    ring = only_group('a torus named "Ring One" at x=1, y=-2, z=3 rotated 90 degrees around the y axis')
    assert (ring.name, ring.at, ring.traits.rotation_deg) == ("Ring One", (1.0, -2.0, 3.0), {"y": 90.0})


def test_described_parts_keep_to_their_part() -> None:
    bed = only_group("A bed with a blue blanket and two white pillows")
    assert (bed.parts["blanket"].colour, bed.parts["pillow"].colour) == ("blue", "white")
    assert bed.traits.params == {"pillows": 2}
    assert bed.traits.colour == ""


@pytest.mark.parametrize(
    ("prompt", "not_built"),
    [
        ("a medieval castle tower with a wooden door", []),
        ("a medieval car", ["medieval"]),
        ("a low-poly dragon on a steampunk table", ["low-poly dragon", "steampunk"]),
        ("a gothic chair", ["gothic"]),
        ("a red dragon", ["red dragon"]),
        ("a photorealistic tree", ["photorealistic"]),
        ("a chair 🪑", ["🪑"]),
        ("椅子を作って", ["椅子を作って"]),
        ("ein roter Stuhl", ["ein roter Stuhl"]),
        ("a pyramid of 10 cubes", ["pyramid of"]),
        ("import os; os.system('rm -rf /')", ["import os", "os", "system('rm -rf /'"]),
    ],
)
def test_unknown_words_are_listed_as_the_user_wrote_them(prompt: str, not_built: list[str]) -> None:
    assert parse(prompt).not_built == not_built


def changes(request: Request) -> list[tuple[str, dict[str, object]]]:
    """Objects of the scene with what is asked of them."""
    found = []
    for order in request.orders:
        if not isinstance(order, Existing):
            continue
        asked: dict[str, object] = {}
        for part, traits in {"": order.traits, **order.parts}.items():
            plain = vars(type(traits)())
            asked |= {f"{part}.{k}".strip("."): v for k, v in vars(traits).items() if v != plain[k]}
        extra = {"shift": order.shift, "at": order.at, "name": order.name, "arrangement": order.arrangement}
        asked |= {name: value for name, value in extra.items() if value}
        found.append((called(order), asked))
    return found


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("make the chair blue", [("Chair 2", {"colour": "blue"})]),
        ("make the red chair bigger", [("Chair", {"scale": 1.4})]),
        ("make all chairs green", [("Chair+Chair 2", {"colour": "green"})]),
        ("make it wooden", [("Mug 2", {"material": "wood"})]),
        ("paint the door red", [("Tower", {"door.colour": "red"})]),
        ("make the tower's walls red and its door blue", [("Tower", {"walls.colour": "red", "door.colour": "blue"})]),
        ("twice as tall", [("Mug 2", {"stretch": {"z": 2.0}})]),
        ("make the table 1 m wide", [("Table", {"sizes": {"x": 1.0}})]),
        ("make the mugs half the size", [("Mug+Mug 2", {"scale": 0.5})]),
        ("double the size of the table", [("Table", {"scale": 2.0})]),
        ("scale the tower by 2", [("Tower", {"scale": 2.0})]),
        ("move the chair 1 m to the left", [("Chair 2", {"shift": (-1.0, 0.0, 0.0)})]),
        ("move the lamp up by 50 cm", [("Desk Lamp", {"shift": (0.0, 0.0, 0.5)})]),
        ("move the table to (1, 2, 0)", [("Table", {"at": (1.0, 2.0, 0.0)})]),
        ("rotate the tower 45 degrees", [("Tower", {"rotation_deg": {"z": 45.0}})]),
        ("rename the table to Big Box", [("Table", {"name": "Big Box"})]),
        ("arrange the mugs in a circle", [("Mug+Mug 2", {"arrangement": "circle"})]),
        ("change the table's colour to dark green", [("Table", {"colour": "dark green"})]),
        ("make the mug on the table red", [("Mug 2", {"colour": "red"})]),
        ("turn the table into glass", [("Table", {"material": "glass"})]),
    ],
)
def test_edit_changes_what_stands_in_the_scene(prompt: str, expected: list[tuple[str, dict[str, object]]]) -> None:
    request = parse(prompt, SCENE)
    assert changes(request) == expected
    assert (groups(request), request.not_built) == ([], [])


@pytest.mark.parametrize(
    ("prompt", "verb", "names", "count"),
    [
        ("add two more", "duplicate", ("Mug 2",), 2),
        ("add two more chairs", "duplicate", ("Chair 2",), 2),
        ("duplicate the tower", "duplicate", ("Tower",), 1),
        ("remove the lamp", "remove", ("Desk Lamp",), 1),
        ("delete all the mugs", "remove", ("Mug", "Mug 2"), 1),
        ("remove the mug from the table", "remove", ("Mug 2",), 1),
        ("remove the door", "remove", ("Tower Door",), 1),
        ("replace the chairs with red stools", "replace", ("Chair", "Chair 2"), 1),
    ],
)
def test_command_names_its_objects(prompt: str, verb: str, names: tuple[str, ...], count: int) -> None:
    request = parse(prompt, SCENE)
    (command,) = [order for order in request.orders if isinstance(order, Command)]
    assert (command.verb, command.target.names, command.count, request.not_built) == (verb, names, count, [])


def test_new_thing_is_placed_with_regard_to_the_scene() -> None:
    request = parse("add a lamp on the table", SCENE)
    assert (groups(request), relations(request)) == (["desk_lamp"], ["desk_lamp on Table"])


@pytest.mark.parametrize("prompt", ["make the sofa green", "remove the sofa", "move the sofa next to the table"])
def test_what_is_not_in_the_scene_is_said_to_be_missing(prompt: str) -> None:
    request = parse(prompt, SCENE)
    assert request.remarks == ["There is no sofa in the scene."]
    assert request.not_built
    assert not [order for order in request.orders if not isinstance(order, Existing)]


def test_facts_are_read_from_the_text_of_inspect() -> None:
    text = (
        "Table [table] 1.4 × 0.85 × 0.75 m at (0, 0, 0); materials Wood, Dark Red Metal; 552 triangles\n"
        "House [old] Door [mesh] 1 × 0.1 × 2 m at (0, -2, 0); parent House [old]; materials Wood; 12 triangles; hidden"
    )
    table, door = read_facts(text).objects
    assert (table.kind, table.size_m, table.materials) == ("table", (1.4, 0.85, 0.75), ("Wood", "Dark Red Metal"))
    assert (door.name, door.parent) == ("House [old] Door", "House [old]")


WORDS = st.lists(st.sampled_from(sorted(phrases())) | st.text(max_size=8) | st.integers().map(str), max_size=14)


@settings(max_examples=400, deadline=None)
@given(words=WORDS, in_scene=st.booleans())
def test_no_text_ever_raises(words: list[str], in_scene: bool) -> None:
    parse(" ".join(words), SCENE if in_scene else None)
