"""Sessions, API tokens and the password on the account page."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.fake_account import quota, signed_in_client
from tests.ui.fake_api import FakeApi
from tests.ui.screen import no_crash, words_on


@pytest.fixture
def account_page(signed_in: AppTest, api: FakeApi) -> AppTest:
    """The account page of ada, who is signed in on a command line too."""
    api.account.other_sessions.append(signed_in_client("cli", "Linux, *host* lab"))
    page = signed_in.switch_page("views/account.py").run()
    no_crash(page)
    return page


def test_sessions_tell_where_one_is_signed_in(account_page: AppTest) -> None:
    shown = words_on(account_page)

    assert "**Web page** · this one" in shown
    assert "Linux, *host* lab · 203.0.113.7" in shown
    assert "last used just now" in shown


def test_one_session_is_ended(account_page: AppTest, api: FakeApi) -> None:
    other = api.account.other_sessions[0]["id"]
    account_page.button(key=f"end_session_{other}").click().run()

    no_crash(account_page)
    assert api.account.ended == [other]
    assert "Linux" not in words_on(account_page)
    assert account_page.button(key="end_other_sessions").disabled


def test_all_others_are_ended(account_page: AppTest, api: FakeApi) -> None:
    account_page.button(key="end_other_sessions").click().run()

    assert api.account.ended == ["others"]
    assert "Signed in as" in words_on(account_page)


def test_signing_out_everywhere_leads_to_the_sign_in(account_page: AppTest, api: FakeApi) -> None:
    account_page.button(key="end_all_sessions").click().run()

    no_crash(account_page)
    assert api.account.ended == ["sessions"]
    assert "signed out everywhere" in words_on(account_page)
    assert account_page.button(key="sign_in_button") is not None


def test_a_token_is_shown_until_it_is_kept_and_then_never_again(account_page: AppTest, api: FakeApi) -> None:
    account_page.text_input(key="token_name").set_value("nightly *renders*")
    account_page.multiselect(key="token_scopes").set_value(["read"])
    account_page.selectbox(key="token_lasts").set_value("Until it is revoked")
    account_page.button(key="token_make").click().run()
    no_crash(account_page)
    assert [code.value for code in account_page.code] == ["p2m_pat_wxyz"]
    assert account_page.run().code, "it stays until it is kept"
    made = api.account.api_tokens[0]
    assert (made["name"], made["scopes"], made["expires_at"]) == ("nightly *renders*", ["read"], None)

    account_page.button(key="token_kept").click().run()
    assert not account_page.code
    assert "nightly *renders*" in words_on(account_page)
    assert "…wxyz · read · not used yet · no expiry" in words_on(account_page)

    account_page.button(key=f"revoke_token_{made['id']}").click().run()
    no_crash(account_page)
    assert api.account.api_tokens == []


def test_the_admin_scope_is_offered_to_admins_alone(account_page: AppTest) -> None:
    assert account_page.multiselect(key="token_scopes").options == [
        "read: see your things",
        "build: make and change them",
    ]

    account_page.session_state["ui_session"].user["is_admin"] = True
    assert len(account_page.run().multiselect(key="token_scopes").options) == 3


def test_quotas_with_a_limit_have_a_bar_and_say_when_there_is_more(account_page: AppTest, api: FakeApi) -> None:
    api.account.quotas[:] = [
        quota("day_jobs", 20, 15, "2026-11-24T09:30:00+00:00"),
        quota("storage_bytes", None, 5 * 2**20),
    ]
    account_page.run()
    no_crash(account_page)
    (bar,) = account_page.get("progress")
    assert (bar.proto.value, bar.proto.text) == (
        75,
        "Jobs in 24 hours: 15 of 20 · more from 2026\\-11\\-24 09\\:30 UTC",
    )
    assert "Storage: 5\\.0 MiB\\, no limit" in words_on(account_page)


def _change_password(page: AppTest, old: str, new: str, again: str) -> AppTest:
    for name, value in (("old", old), ("new", new), ("again", again)):
        page.text_input(key=f"password_{name}").set_value(value)
    return page.button(key="password_change").click().run()


def test_the_password_is_changed(account_page: AppTest, api: FakeApi) -> None:
    _change_password(account_page, "correct horse", "staple battery", "staple battery")

    no_crash(account_page)
    assert api.passwords["ada"] == "staple battery"
    assert "The password is changed" in str([each.value for each in account_page.success])


@pytest.mark.parametrize(
    ("old", "again", "said"),
    [("wrong horse", "staple battery", "is wrong"), ("correct horse", "stable", "not the same")],
)
def test_a_password_that_is_not_changed_says_why(
    account_page: AppTest, api: FakeApi, old: str, again: str, said: str
) -> None:
    _change_password(account_page, old, "staple battery", again)

    no_crash(account_page)
    assert said in str([each.value for each in account_page.error])
    assert api.passwords["ada"] == "correct horse"
