"""The whole product in a real browser: from sign-up to a `.blend` on disk, through every real part."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from cloud.stack.lease import StackInfo
from tests.support.web_stack import web_stack
from ui.api_client import ApiClient

BLEND_MAGIC = (b"BLENDER", b"\x28\xb5\x2f\xfd")
JOB_DEADLINE_MS = 180_000

pytestmark = [pytest.mark.browser, pytest.mark.blender]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackInfo]:
    """A real stack with its web UI, with a data folder of its own and no Claude key."""
    with web_stack(tmp_path_factory.mktemp("browser") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def ui_url(stack: StackInfo) -> str:
    assert stack.ui_url is not None
    return stack.ui_url


def sign_up(page: Page, url: str, username: str) -> None:
    page.goto(url)
    page.get_by_role("tab", name="Create account").click()
    form = page.get_by_role("tabpanel").filter(visible=True)
    form.get_by_label("User name").fill(username)
    form.get_by_label("Password", exact=True).fill("correct horse battery")
    form.get_by_role("button", name="Create account").click()


def test_new_user_builds_a_scene_and_downloads_the_blend(page: Page, ui_url: str, tmp_path: Path) -> None:
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url) if _leaves_the_machine(request.url) else None)
    sign_up(page, ui_url, "ada")
    page.get_by_label("Your prompt").fill("a red wooden chair")
    page.get_by_role("button", name="Build", exact=True).click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.get_by_text("I built a red wooden chair.")).to_be_visible(timeout=JOB_DEADLINE_MS)
    expect(page.get_by_role("application", name="3D model of a red wooden chair")).to_be_visible()
    page.get_by_role("tab", name="Downloads").click()
    download_button = page.get_by_role("link", name="Download: Blender file")
    expect(download_button).to_be_visible()
    with page.expect_download() as downloading:
        download_button.click()
    assert downloading.value.suggested_filename == "scene.blend"
    downloading.value.save_as(tmp_path / "scene.blend")
    assert (tmp_path / "scene.blend").read_bytes().startswith(BLEND_MAGIC)

    page.get_by_role("link", name="Projects").click()
    expect(page.get_by_role("img", name="Picture of a red wooden chair")).to_be_visible()
    assert outside == []


@pytest.mark.heavy
def test_a_link_with_a_code_leads_through_the_sign_in_to_the_device(page: Page, stack: StackInfo) -> None:
    with ApiClient(stack.api_url) as device:
        asked = device.begin_device_sign_in("add-on", "Blender 4.5 on lab")
        sign_up(page, asked["verification_uri_complete"], "grace")
        expect(page.get_by_text("Blender 4.5 on lab")).to_be_visible()
        page.get_by_role("button", name="Let it in").click()
        expect(page.get_by_text("The device is let in")).to_be_visible()

        device.ask_for_device_token(asked["device_code"], "add-on")
        assert device.me()["username"] == "grace"
        assert "code=" not in page.url


def _leaves_the_machine(url: str) -> bool:
    return urlsplit(url).hostname not in {None, "127.0.0.1"}
