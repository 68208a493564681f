"""What the user changes of a brief and of parameters before it is sent."""

import pytest

from addon.core.types import Brief, BriefPart, Parameter, Parameters, ParameterValue
from addon.panel.brief_draft import BriefDraft
from addon.panel.pages import Page
from addon.panel.parameter_draft import ParameterDraft, hex_of, look_of, range_of, srgb_of, typed

LEG = BriefPart("Leg", (0.04, 0.04, 0.7), 4)


def _parameter(
    value: ParameterValue, kind: str = "number", low: float | None = 0.0, high: float | None = 1.0
) -> Parameter:
    return Parameter("P", "P", kind, value, low, high, "m", "", 1, "")  # type: ignore[arg-type]


def test_a_value_that_is_set_back_is_no_change() -> None:
    parameter = _parameter(0.75)
    draft = ParameterDraft("p", Parameters("h", (parameter,)))
    draft.want(parameter, 0.8)
    assert draft.values == {"P": 0.8}
    draft.want(parameter, 0.75000001)
    assert draft.values == {}


def test_wishes_stay_while_the_scene_is_the_same_and_go_with_it() -> None:
    parameter = _parameter(0.75)
    draft = ParameterDraft("p", Parameters("h", (parameter,)))
    draft.want(parameter, 0.8)
    assert draft.renewed("p", Parameters("h", (parameter,))).values == {"P": 0.8}
    assert draft.renewed("p", Parameters("other", (parameter,))).values == {}


@pytest.mark.parametrize(
    ("value", "kind", "look"),
    [
        ("#a06a3b", "colour", "srgb"),
        ("oak", "colour", "text"),
        ((0.1, 0.2, 0.3), "colour", "linear"),
        ((0.1, 0.2, 0.3, 1.0), "colour", "linear_alpha"),
        (3, "count", "count"),
        (True, "switch", "switch"),
    ],
)
def test_each_kind_of_value_has_its_field(value: ParameterValue, kind: str, look: str) -> None:
    assert look_of(_parameter(value, kind)) == look


def test_a_slider_holds_its_value_even_beyond_the_range() -> None:
    span = range_of(_parameter(1.5))
    assert span is not None
    assert (span.low, span.high) == (0.0, 1.5)


@pytest.mark.parametrize("limits", [(None, 1.0), (1.0, 1.0), (2.0, 1.0), (-1e300, 1e300)])
def test_a_useless_range_makes_no_slider_or_a_finite_one(limits: tuple[float | None, float]) -> None:
    span = range_of(_parameter(1.0, low=limits[0], high=limits[1]))
    assert span is None or span.high > span.low


def test_a_count_beyond_what_blender_holds_is_cut() -> None:
    span = range_of(_parameter(1, "count", -1e12, 1e12))
    assert span is not None
    assert (span.low, span.high) == (-(2**31) + 1, 2**31 - 1)


def test_a_colour_comes_back_as_it_was() -> None:
    assert hex_of(srgb_of("#A06a3b")) == "#a06a3b"
    assert srgb_of("nonsense") == (0.0, 0.0, 0.0)


def test_what_was_typed_is_sent_and_not_blenders_nearest_float() -> None:
    assert typed(0.10000000149011612) == 0.1


def test_a_changed_part_is_in_the_brief_that_is_built() -> None:
    draft = BriefDraft("j", Brief("Table", parts=(LEG, LEG)), part=1)
    draft.change_part(name="Foot", size_m=(1.0, 1.0, 1.0))
    assert [part.name for part in draft.finished().parts] == ["Leg", "Foot"]


def test_a_brief_that_cannot_be_built_says_why() -> None:
    assert "title" in BriefDraft("j", Brief(" ")).amiss()
    assert "Leg" in BriefDraft("j", Brief("T", parts=(BriefPart("Leg", (0.0, 1.0, 1.0)),))).amiss()
    assert BriefDraft("j", Brief("T", parts=(LEG,))).amiss() == ""


def test_empty_checks_are_left_out() -> None:
    draft = BriefDraft("j", Brief("T", checks=("It stands.",)))
    draft.add_check()
    draft.change_check("  ")
    assert draft.finished().checks == ("It stands.",)


def test_a_list_that_became_shorter_shows_its_last_page() -> None:
    page = Page(6, first=12)
    page.keep_within(7)
    assert list(page.of(range(7))) == [6]
    page.keep_within(0)
    assert page.first == 0
