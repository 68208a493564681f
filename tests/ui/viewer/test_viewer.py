"""The 3D viewer in a real browser, under the policy of the strictest page that has it."""

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.glb import box_glb
from tests.ui.viewer.conftest import Show, Site, come_to_rest, facts, pixels

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

WITHOUT_3D = "HTMLCanvasElement.prototype.getContext = () => null;"


def distance_from(one: dict[str, Any], other: dict[str, Any]) -> float:
    """How far the cameras of two `facts` are apart, and what they look at, in metres."""
    pairs = [(one["camera"][name], other["camera"][name]) for name in ("position", "target")]
    return max(float(np.linalg.norm(np.subtract(*pair))) for pair in pairs)


def drag(page: "Page") -> None:
    """Turns the model by the mouse."""
    page.mouse.move(240, 180)
    page.mouse.down()
    page.mouse.move(330, 200, steps=4)
    page.mouse.up()
    come_to_rest(page)


def test_a_model_is_drawn_with_its_size_and_without_complaints(
    page_3d: "Page", show: Show, complaints: list[str]
) -> None:
    before = pixels(page_3d)
    assert show("red")
    come_to_rest(page_3d)
    drawn = pixels(page_3d)
    red = (drawn[..., 0] > 100) & (drawn[..., 1:].max(axis=2) < 90)
    assert red.mean() > 0.05
    assert drawn.reshape(-1, 3).std(axis=0).max() > 20, "its pixels are of one colour"
    assert np.abs(drawn - before).mean() > 5
    assert page_3d.locator(".facts").inner_text() == "12 triangles · 1 object · 1 × 1 × 1 m"
    assert complaints == []


@pytest.mark.parametrize(
    ("name", "size", "unit"),
    [("town", "1,200 × 800 × 90 m", "m"), ("bead", "1 × 1 × 1 cm", "mm")],
    ids=["town", "bead"],
)
def test_the_scale_follows_what_is_seen(page_3d: "Page", show: Show, name: str, size: str, unit: str) -> None:
    assert show(name)
    assert page_3d.locator(".facts").inner_text().endswith(size)
    scale = page_3d.locator(".scale")
    number, said = scale.inner_text().strip().split(" ")
    assert (said, number[0] in "125") == (unit, True)
    assert 40 <= (scale.locator(".bar").bounding_box() or {})["width"] <= 121
    assert len(np.unique(pixels(page_3d).reshape(-1, 3), axis=0)) > 50


def test_another_model_leaves_a_camera_alone_that_the_user_has_moved(page_3d: "Page", show: Show) -> None:
    assert show("red")
    come_to_rest(page_3d)
    first = facts(page_3d)
    drag(page_3d)
    moved = facts(page_3d)
    assert distance_from(first, moved) > 0.2
    before = pixels(page_3d)
    assert show("blue")
    assert show("town")
    assert show("blue")
    come_to_rest(page_3d)
    assert distance_from(facts(page_3d), moved) < 1e-6
    assert np.abs(pixels(page_3d) - before).mean() > 5, "it is still the red one"
    page_3d.locator("canvas").press("f")
    come_to_rest(page_3d)
    assert distance_from(facts(page_3d), moved) > 0.05


def test_a_camera_that_nobody_has_moved_follows_a_scene_that_outgrows_it(page_3d: "Page", show: Show) -> None:
    assert show("red")
    come_to_rest(page_3d)
    near = facts(page_3d)
    assert show("blue")
    come_to_rest(page_3d)
    assert distance_from(facts(page_3d), near) < 1e-6, "a little more is no reason to move"
    assert show("town")
    come_to_rest(page_3d)
    assert distance_from(facts(page_3d), near) > 500


def test_keys_and_buttons_turn_it(page_3d: "Page", show: Show) -> None:
    assert show("red")
    canvas = page_3d.locator("canvas")
    canvas.focus()
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowLeft", "+", "-", "7", "0", "f"):
        come_to_rest(page_3d)
        before = facts(page_3d)
        canvas.press(key)
        come_to_rest(page_3d)
        moved = distance_from(before, facts(page_3d))
        assert moved > 0.01 or key == "f", f"{key} does nothing"
    page_3d.get_by_role("button", name="View from the front").click()
    come_to_rest(page_3d)
    camera = facts(page_3d)["camera"]
    assert abs(camera["position"][0] - camera["target"][0]) < 1e-3
    assert camera["position"][2] > 1


def test_each_shading_looks_other_than_the_rest(page_3d: "Page", show: Show) -> None:
    assert show("red")
    looks = []
    for mode in ("Material", "Clay", "Wire"):
        button = page_3d.get_by_role("button", name=f"{mode} view")
        button.click()
        come_to_rest(page_3d)
        assert button.get_attribute("aria-pressed") == "true"
        looks.append(pixels(page_3d))
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert (np.abs(looks[one] - looks[other]).max(axis=2) > 20).mean() > 0.003
    page_3d.get_by_role("button", name="Grid").click()
    come_to_rest(page_3d)
    assert (np.abs(pixels(page_3d) - looks[2]).max(axis=2) > 6).mean() > 0.003, "the grid is still there"


def test_at_rest_it_draws_nothing(page_3d: "Page", show: Show) -> None:
    assert show("red")
    come_to_rest(page_3d)
    before = facts(page_3d)["frames"]
    page_3d.evaluate("(async () => { for (let i = 0; i < 30; i += 1) await new Promise(requestAnimationFrame); })()")
    assert facts(page_3d)["frames"] == before


@pytest.mark.parametrize("swaps", [12, pytest.param(500, marks=pytest.mark.heavy)])
def test_swaps_give_the_memory_back(page_3d: "Page", show: Show, swaps: int) -> None:
    assert show("red")
    assert show("blue")
    before = facts(page_3d)["memory"]
    page_3d.evaluate(
        """async (swaps) => {
          for (let at = 0; at < swaps; at += 1) if (!(await viewer.show(at % 2 ? "/blue.glb" : "/red.glb"))) throw at;
        }""",
        swaps,
    )
    assert facts(page_3d)["memory"] == before


def test_the_newest_request_wins_and_the_same_is_not_loaded_twice(page_3d: "Page", show: Show, site: Site) -> None:
    late = threading.Event()
    site.files["/late.glb"], site.held["/late.glb"] = box_glb((9, 9, 9)), late
    site.asked.clear()
    page_3d.evaluate("window.first = viewer.show('/late.glb')")
    page_3d.get_by_role("progressbar").wait_for()
    assert show("red")
    late.set()
    assert page_3d.evaluate("window.first") is False
    assert show("red")
    assert page_3d.locator(".facts").inner_text().endswith("1 × 1 × 1 m")
    assert site.asked.count("/red.glb") == 1
    assert page_3d.get_by_role("progressbar").count() == 0


def test_a_broken_file_is_told_and_can_be_asked_for_again(page_3d: "Page", show: Show, site: Site) -> None:
    site.files["/again.glb"] = site.files["/broken.glb"]
    assert show("red")
    assert not show("again")
    told = page_3d.get_by_role("status")
    assert told.inner_text().startswith("The 3D model's file cannot be read. What you see is the step before.")
    assert facts(page_3d)["drawsModel"]
    site.files["/again.glb"] = box_glb((2, 1, 1))
    page_3d.get_by_role("button", name="Try again").click()
    page_3d.locator(".facts", has_text="2 × 1 × 1 m").wait_for()
    assert page_3d.get_by_role("status").count() == 0
    assert not show("nowhere")
    assert "no longer there" in told.inner_text()


def test_an_empty_scene_says_so(page_3d: "Page", show: Show) -> None:
    assert show("red")
    assert show("empty")
    assert page_3d.locator(".facts").inner_text() == "Nothing to see in this step."
    assert show("blue")


def test_without_webgl_the_picture_stands_there_with_the_reason(page_3d: "Page", complaints: list[str]) -> None:
    page_3d.add_init_script(WITHOUT_3D)
    page_3d.reload()
    page_3d.evaluate("window.made")
    page_3d.evaluate(
        """() => {
          window.viewer = viewerModule.createViewer(place, { title: "a box" });
          viewer.setPicture("/picture.png");
        }"""
    )
    assert page_3d.evaluate("viewer.show('/red.glb')") is False
    page_3d.get_by_role("img", name="Picture of a box").wait_for()
    assert page_3d.get_by_role("status").inner_text() == "This browser draws no 3D (WebGL); here is the picture."
    assert page_3d.get_by_role("button").count() == 0
    page_3d.evaluate("viewer.dispose()")
    assert page_3d.locator("#place").inner_html() == ""
    assert complaints == []


def test_a_lost_graphics_card_comes_back(page_3d: "Page", show: Show) -> None:
    page_3d.evaluate("viewer.setPicture('/picture.png')")
    assert show("red")
    come_to_rest(page_3d)
    before = pixels(page_3d)
    page_3d.evaluate("viewer.stage.renderer.forceContextLoss()")
    page_3d.get_by_role("img", name="Picture of a box").wait_for()
    assert "comes back by itself" in page_3d.get_by_role("status").inner_text()
    page_3d.evaluate("viewer.stage.renderer.forceContextRestore()")
    page_3d.get_by_role("img", name="Picture of a box").wait_for(state="hidden")
    come_to_rest(page_3d)
    assert np.abs(pixels(page_3d) - before).mean() < 2
