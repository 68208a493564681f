"""Projects, downloads and batches in a real browser against the whole stack."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from cloud.stack.lease import StackInfo
from tests.support.stack_processes import wait_for
from tests.ui.test_accessibility import findings
from tests.ui.test_browser import sign_up, stack, ui_url
from ui.api_client import ApiClient

__all__ = ["stack", "ui_url"]  # fixtures

pytestmark = [pytest.mark.browser, pytest.mark.blender, pytest.mark.heavy]

DEADLINE_S = 600
DEADLINE_MS = DEADLINE_S * 1000
PASSWORD = "correct horse battery"
MADE = {"FBX": "fbx", "OBJ": "obj", "STL": "stl", "USD": "usdc", "PLY": "ply", "Turntable, MP4": "mp4"}
READY = {"Blender file": "blend", "glTF": "glb", "Python script": "py", "Picture": "png", "Everything as a zip": "zip"}
UNKNOWN_TO_THE_OFFLINE_MODELLER = "xyzzy plugh"
COUNT_IN_BLENDER = """
import bpy, json, sys
readers = {"glb": bpy.ops.import_scene.gltf, "fbx": bpy.ops.import_scene.fbx, "obj": bpy.ops.wm.obj_import,
    "stl": bpy.ops.wm.stl_import, "usdc": bpy.ops.wm.usd_import, "ply": bpy.ops.wm.ply_import}
told = {}
for path in sys.argv[1:]:
    ending = path.rpartition(".")[2]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if ending == "mp4":
        told[ending] = bpy.data.movieclips.load(path).frame_duration
        continue
    bpy.ops.wm.open_mainfile(filepath=path) if ending == "blend" else readers[ending](filepath=path)
    told[ending] = sum(len(each.data.polygons) for each in bpy.data.objects if each.type == "MESH")
print("TOLD" + json.dumps(told))
"""


@pytest.fixture(scope="module")
def page(browser: Browser, ui_url: str) -> Iterator[Page]:
    """Ada's, for the whole module."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(DEADLINE_MS)
    expect.set_options(timeout=DEADLINE_MS)
    sign_up(opened, ui_url, "ada")
    expect(opened.get_by_role("link", name="Projects")).to_be_visible()
    yield opened
    expect.set_options(timeout=5_000)
    opened.close()


@pytest.fixture(scope="module")
def client(page: Page, stack: StackInfo) -> Iterator[ApiClient]:
    with ApiClient(stack.api_url) as signed_in:
        signed_in.log_in("ada", PASSWORD)
        yield signed_in


@pytest.fixture(scope="module")
def chair_id(client: ApiClient) -> str:
    """A project with a scene."""
    project = client.create_project("Chair")
    job = client.create_job(project["id"], "a red chair", quality="draft")
    wait_for(lambda: client.get_job(job["id"])["finished_at"], DEADLINE_S, "the chair")
    return project["id"]


def _sees(page: Page, *names: str) -> None:
    cards = page.locator(".card .open")
    wait_for(lambda: sorted(cards.all_text_contents()) == sorted(names), DEADLINE_S, f"the cards {names}")


def test_projects_are_found_renamed_copied_deleted_and_brought_back(
    page: Page, client: ApiClient, chair_id: str, ui_url: str
) -> None:
    client.create_project("Boat")
    page.goto(f"{ui_url}/projects")
    _sees(page, "Boat", "Chair")
    expect(page.get_by_role("img", name="Picture of Chair")).to_be_visible()
    assert page.get_by_role("img", name="Picture of Chair").evaluate("image => image.decode().then(() => true)")

    search = page.get_by_role("searchbox", name="Search projects")
    search.press_sequentially("red CHAIR")
    _sees(page, "Chair")
    search.fill("")
    _sees(page, "Boat", "Chair")

    page.get_by_role("button", name="Rename: Boat").click()
    page.get_by_role("textbox", name="New name").fill("Ship <b>one</b>")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Ship <b>one</b>", exact=True)).to_be_visible()
    wait_for(lambda: any(each["name"] == "Ship <b>one</b>" for each in client.list_projects()), 60, "the new name")

    page.get_by_role("button", name="Duplicate: Chair").click()
    _sees(page, "Ship <b>one</b>", "Chair", "Chair (copy)")

    page.get_by_role("button", name="Delete: Chair (copy)").click()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    _sees(page, "Ship <b>one</b>", "Chair")
    undo.click()
    _sees(page, "Ship <b>one</b>", "Chair", "Chair (copy)")

    page.get_by_role("button", name="Delete: Chair (copy)").click()
    _sees(page, "Ship <b>one</b>", "Chair")
    page.get_by_role("button", name="Deleted", exact=True).click()
    _sees(page, "Chair (copy)")
    page.get_by_role("button", name="Bring back").click()
    _sees(page)
    page.get_by_role("button", name="Deleted", exact=True).click()
    _sees(page, "Ship <b>one</b>", "Chair", "Chair (copy)")

    page.get_by_role("link", name="Chair", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/?project={chair_id}")


def test_each_download_opens_in_its_reader(page: Page, chair_id: str, ui_url: str, tmp_path: Path) -> None:
    page.goto(f"{ui_url}/projects")
    page.get_by_role("button", name="Downloads: Chair", exact=True).click()
    for title, ending in READY.items():
        with page.expect_download() as coming:
            page.get_by_role("link", name=f"Download: {title}").click()
        coming.value.save_as(tmp_path / f"chair.{ending}")
    for title, ending in MADE.items():
        with page.expect_download() as coming:
            page.get_by_role("button", name=f"Make: {title}").click()
        coming.value.save_as(tmp_path / f"chair.{ending}")
    with page.expect_download() as coming:
        page.get_by_role("button", name="Make: Turntable, GIF").click()
    coming.value.save_as(tmp_path / "chair.gif")

    for_blender = [tmp_path / f"chair.{each}" for each in ("blend", "glb", *MADE.values())]
    ran = subprocess.run(
        [sys.executable, "-c", COUNT_IN_BLENDER, *for_blender], capture_output=True, text=True, check=True, timeout=240
    )
    told = json.loads(next(line for line in ran.stdout.splitlines() if line.startswith("TOLD")).removeprefix("TOLD"))
    assert all(count > 20 for count in told.values()), told
    with Image.open(tmp_path / "chair.png") as picture, Image.open(tmp_path / "chair.gif") as film:
        assert picture.width > 200
        assert getattr(film, "n_frames", 1) > 20
    compile((tmp_path / "chair.py").read_text(), "chair.py", "exec")
    with zipfile.ZipFile(tmp_path / "chair.zip") as archive:
        assert archive.testzip() is None
        assert any(name.endswith(".blend") for name in archive.namelist())
    expect(page.get_by_label("The scene, turning around once")).to_be_visible()
    page.keyboard.press("Escape")


def test_a_link_opens_for_somebody_who_is_not_signed_in(
    page: Page, browser: Browser, chair_id: str, ui_url: str
) -> None:
    page.goto(f"{ui_url}/projects")
    page.get_by_role("button", name="Share: Chair", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title of the page").fill("My chair")
    dialog.get_by_role("button", name="Make a link").click()
    address = dialog.get_by_test_id("stCode").inner_text().strip()
    for scheme in ("light", "dark"):
        visitor = browser.new_page(color_scheme=scheme)
        visitor.goto(address)
        expect(visitor.get_by_role("heading", name="My chair")).to_be_visible()
        assert findings(visitor) == []
        visitor.close()
    page.keyboard.press("Escape")


def test_a_batch_fills_its_grid_is_tried_again_and_comes_as_a_zip(
    page: Page, client: ApiClient, ui_url: str, tmp_path: Path
) -> None:
    page.goto(f"{ui_url}/batch")
    prompts = page.get_by_label("Prompts, one a line")
    prompts.fill(f"a red cube\n{UNKNOWN_TO_THE_OFFLINE_MODELLER}\na small ball")
    prompts.press("Control+Enter")
    page.get_by_role("button", name="Build 3 prompts").click()
    expect(page.get_by_text("2 of 3 done · 1 failed")).to_be_visible()
    expect(page.get_by_text("does not know it")).to_be_visible()
    expect(page.get_by_role("img", name="Picture of a red cube")).to_be_visible()
    assert findings(page) == []
    (batch,) = client.list_batches()
    before = [item["job_id"] for item in client.get_batch(batch["id"])["items"]]

    page.get_by_role("button", name="Try 1 prompt again").click()
    expect(page.get_by_role("button", name="Cancel the rest")).to_be_visible()
    expect(page.get_by_role("button", name="Try 1 prompt again")).to_be_visible()
    after = [item["job_id"] for item in client.get_batch(batch["id"])["items"]]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, True]

    with page.expect_download() as coming:
        page.get_by_role("link", name="Everything as a zip").click()
    coming.value.save_as(tmp_path / "batch.zip")
    with zipfile.ZipFile(tmp_path / "batch.zip") as archive:
        assert archive.testzip() is None
        assert sum(name.endswith(".blend") for name in archive.namelist()) == 2
