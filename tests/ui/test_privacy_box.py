"""One's data as a zip, and the end of the account, on the account page."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import PASSWORD, FakeApi
from tests.ui.screen import no_crash, words_on


@pytest.fixture
def account_page(signed_in: AppTest, api: FakeApi) -> AppTest:
    api.account.used_bytes = 1000
    page = signed_in.switch_page("views/account.py").run()
    no_crash(page)
    return page


def test_the_zip_is_made_and_then_can_be_saved(account_page: AppTest) -> None:
    account_page.button(key="export_make").click().run()

    no_crash(account_page)
    assert [button.proto.label for button in account_page.get("download_button")] == ["Save the zip"]  # pyright: ignore[reportAttributeAccessIssue]


def test_who_keeps_much_is_led_to_the_command(account_page: AppTest, api: FakeApi) -> None:
    api.account.used_bytes = 2**30
    account_page.run()

    assert "prompt2mesh account export" in words_on(account_page)
    assert "export_make" not in [button.key for button in account_page.button]


def test_a_wrong_name_deletes_nothing(account_page: AppTest, api: FakeApi) -> None:
    account_page.text_input(key="delete_name").set_value("eve")
    account_page.text_input(key="delete_password").set_value(PASSWORD)
    account_page.button(key="delete_account").click().run()

    no_crash(account_page)
    assert any("not yours" in error.value for error in account_page.error)
    assert "account" not in api.account.ended


def test_the_account_is_deleted_and_one_is_signed_out(account_page: AppTest, api: FakeApi) -> None:
    account_page.text_input(key="delete_name").set_value("ada")
    account_page.text_input(key="delete_password").set_value(PASSWORD)
    account_page.button(key="delete_account").click().run()

    no_crash(account_page)
    api.passwords["ada"] = PASSWORD
    assert api.account.ended[-1] == "account"
    assert "Your account is deleted" in words_on(account_page)
    assert account_page.button(key="sign_in_button") is not None
