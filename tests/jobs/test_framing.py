"""Pictures of a whole scene are about what stands on its ground."""

from typing import Any

import pytest

from cloud.jobs.framing import frame_of_things

Corner = tuple[float, float, float]


def thing(name: str, low: Corner, high: Corner, **facts: Any) -> dict[str, Any]:
    return {
        "name": name,
        "min": low,
        "max": high,
        "dimensions": [b - a for a, b in zip(low, high, strict=True)],
        **facts,
    }


GROUND = thing("Lawn", (-3, -3, -0.12), (3, 3, 0.02))
WELL = thing("Well", (-0.8, -0.8, -0.1), (0.8, 0.8, 2))
TUFTS = [thing(f"Tuft {n}", (n / 4 - 2.9, 2, 0), (n / 4 - 2.8, 2.1, 0.1)) for n in range(20)]


def test_the_ground_and_what_is_scattered_on_it_go_on_beyond() -> None:
    for objects in (
        [GROUND, WELL],
        [*TUFTS, WELL, GROUND],
        [WELL, GROUND, thing("Ghost", (9, 9, 9), (10, 10, 10), hidden=True)],
    ):
        framed = frame_of_things(objects)
        assert framed
        (low, high), name = framed
        assert name == "Lawn"
        assert low == pytest.approx([-1.052, -1.052, -0.1])
        assert high == pytest.approx([1.052, 1.052, 2])


@pytest.mark.parametrize(
    "objects",
    [
        [],
        [GROUND],
        [WELL, thing("Bucket", (1, 1, 0), (1.3, 1.3, 0.4))],
        [GROUND, thing("House", (-2.8, -2.8, 0), (2.8, 2.8, 4))],
        [GROUND, WELL, thing("Far", (9, 9, 0), (10, 10, 1))],
        [thing("Block", (-3, -3, -3), (3, 3, 0)), WELL],
        [thing("Roof", (-3, -3, 2), (3, 3, 2.1)), WELL],
    ],
    ids=["nothing", "ground alone", "no ground", "large house", "beside the ground", "no thin one", "above"],
)
def test_else_everything_is_framed(objects: list[dict[str, Any]]) -> None:
    assert frame_of_things(objects) is None
