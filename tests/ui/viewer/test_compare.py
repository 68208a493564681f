"""Two states of a scene beside each other, in a real browser."""

from typing import TYPE_CHECKING

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.ui.viewer.conftest import Site, pixels

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

MAKE = """async ([before, after]) => {
  window.compare = viewerModule.createCompare(place, before, after);
  await Promise.all(compare.panes.map(({ viewer }) => viewer?.slot.loading?.shown));
}"""
CAMERAS = "compare.panes.map(({ viewer }) => viewer.facts().camera.position)"
OF_WEIGHT = {"serious", "critical"}


def _redness(page: "Page") -> float:
    seen = pixels(page)
    return float(((seen[..., 0] > 100) & (seen[..., 2] < 90)).mean())


@pytest.mark.heavy  # two scenes to light without a graphics card
def test_two_models_share_one_camera_and_the_slider_wipes_between_them(page_3d: "Page", complaints: list[str]) -> None:
    page_3d.evaluate(MAKE, [{"label": "Step 1", "model": "/red.glb"}, {"label": "Step 2", "model": "/blue.glb"}])
    slider = page_3d.get_by_role("slider")
    assert slider.get_attribute("aria-valuenow") == "50"
    red = _redness(page_3d)
    slider.press("ArrowLeft")
    assert slider.get_attribute("aria-valuenow") == "48"
    slider.press("Home")
    assert _redness(page_3d) < 0.002, "only the red axis of the floor may be left"
    slider.press("End")
    assert _redness(page_3d) > red > 0.01
    before = page_3d.evaluate(CAMERAS)
    page_3d.mouse.move(100, 200)
    page_3d.mouse.down()
    page_3d.mouse.move(180, 200, steps=3)
    page_3d.mouse.up()
    page_3d.get_by_role("button", name="Side by side").click()
    after = page_3d.evaluate(CAMERAS)
    assert np.allclose(after[0], after[1])
    assert np.linalg.norm(np.subtract(after, before)) > 0.1
    found = Axe().run(page_3d).response["violations"]
    assert [rule["id"] for rule in found if rule["impact"] in OF_WEIGHT] == []
    assert complaints == []


def test_without_a_model_of_both_their_pictures_are_compared(page_3d: "Page", site: Site) -> None:
    sides = [{"label": "Step 1", "picture": "/picture.png", "model": "/red.glb"}, {"label": "Step 2"}]
    page_3d.evaluate(MAKE, sides)
    page_3d.get_by_role("img", name="Picture of Step 1").wait_for()
    assert page_3d.get_by_text("There is no picture of this step.").count() == 1
    assert page_3d.locator("canvas").count() == 0
    assert page_3d.get_by_role("button", name="Clay").count() == 0
    box = page_3d.get_by_role("slider").bounding_box() or {}
    page_3d.mouse.move(box["x"] + 22, 180)
    page_3d.mouse.down()
    page_3d.mouse.move(120, 180, steps=3)
    page_3d.mouse.up()
    assert page_3d.get_by_role("slider").get_attribute("aria-valuenow") == "25"
