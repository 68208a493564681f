"""The page on which a device is let in."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.fake_account import waiting_device
from tests.ui.fake_api import FakeApi
from tests.ui.screen import no_crash, words_on

CODE = "WDJB-MJHT"
PAGE = "views/device.py"


@pytest.fixture
def device_page(signed_in: AppTest, api: FakeApi) -> AppTest:
    """The page as a link opens it that names the code."""
    api.account.devices[CODE] = waiting_device(CODE, "Linux, *host* lab")
    signed_in.query_params["code"] = CODE
    page = signed_in.switch_page(PAGE).run()
    no_crash(page)
    return page


def test_the_person_sees_which_device_asks_and_nothing_is_done_yet(device_page: AppTest, api: FakeApi) -> None:
    shown = words_on(device_page)

    for words in (
        "**A command line**",
        "**ada**",
        "Linux, *host* lab",
        "203.0.113.7",
        "just now",
        "Only go on if",
    ):
        assert words in shown
    assert [code.value for code in device_page.code] == ["WDJB-MJHT"]
    assert api.account.answered == []


@pytest.mark.parametrize(
    ("button", "answer", "said"), [("approve", "approve", "let in"), ("deny", "deny", "turned away")]
)
def test_the_person_answers_once(device_page: AppTest, api: FakeApi, button: str, answer: str, said: str) -> None:
    device_page.button(key=f"device_{button}").click().run()

    no_crash(device_page)
    assert api.account.answered == [(CODE, answer)]
    assert said in str([each.value for each in device_page.info])
    assert "code" not in device_page.query_params
    assert device_page.run().text_input(key="device_code") is not None
    assert api.account.answered == [(CODE, answer)]


def test_a_code_can_be_typed(signed_in: AppTest, api: FakeApi) -> None:
    api.account.devices[CODE] = waiting_device(CODE)
    page = signed_in.switch_page(PAGE).run()
    page.text_input(key="device_code").set_value(" wdjb-mjht ")
    page.button(key="device_continue").click().run()

    no_crash(page)
    assert "Linux, host lab" in words_on(page)


def test_a_code_that_nobody_waits_with_is_told_and_another_can_be_typed(signed_in: AppTest) -> None:
    signed_in.query_params["code"] = "BCDF-GHJK"
    page = signed_in.switch_page(PAGE).run()

    no_crash(page)
    assert "No device waits with this code" in words_on(page)
    assert page.run().text_input(key="device_code") is not None


def test_a_device_that_waits_no_more_is_told(device_page: AppTest, api: FakeApi) -> None:
    api.account.devices.clear()
    device_page.button(key="device_approve").click().run()

    no_crash(device_page)
    assert "No device waits" in words_on(device_page)
    assert api.account.answered == []
    assert device_page.run().text_input(key="device_code") is not None
