"""The admin page: what it shows, and that its acts ask twice."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.fake_admin import account, sums
from tests.ui.fake_answers import now
from tests.ui.fake_api import FakeApi
from tests.ui.screen import cells_of, html_on, no_crash, words_on


@pytest.fixture
def admin_page(signed_in: AppTest, api: FakeApi) -> AppTest:
    """Of ada, who is an admin; bob has an account too."""
    api.admins.add("ada")
    api.admin.users.append(account("bob *the* builder"))
    page = signed_in.switch_page("views/admin.py").run()
    no_crash(page)
    return page


def part(page: AppTest, name: str) -> AppTest:
    page.button_group(key="admin_part").set_value(name).run()
    no_crash(page)
    return page


def opened(page: AppTest, api: FakeApi) -> AppTest:
    part(page, "Users").button(key=f"open_user_{api.admin.users[0]['id']}").click().run()
    no_crash(page)
    return page


def test_everybody_else_is_shown_nothing(signed_in: AppTest) -> None:
    page = signed_in.switch_page("views/admin.py").run()
    no_crash(page)
    assert "for admins of this server" in words_on(page)
    assert "Health" not in [one.value for one in page.header]


def test_overview_points_at_what_is_not_well(admin_page: AppTest, api: FakeApi) -> None:
    assert "Look at this" not in words_on(admin_page)
    api.admin.runners = 0
    shown = words_on(admin_page.run())
    assert "Look at this:** **Runners** · None is connected" in shown
    assert "20 of 100" in shown


def test_names_are_no_markup_and_search_finds_them(admin_page: AppTest, api: FakeApi) -> None:
    page = part(admin_page, "Users")
    assert "**bob \\*the\\* builder**" in words_on(page)
    page.text_input(key="user_search").set_value("nobody").run()
    assert "Nobody has such a name" in words_on(page)


def test_user_is_suspended_with_a_reason_and_restored(admin_page: AppTest, api: FakeApi) -> None:
    page = opened(admin_page, api)
    user = api.admin.users[0]["id"]
    page.text_input(key=f"suspend_reason_{user}").set_value("spam")
    page.button(key="suspend").click().run()
    no_crash(page)
    assert api.admin.acts == [("suspend", "bob *the* builder", {"reason": "spam"})]
    assert "Suspended since" in words_on(page)
    page.button(key="restore").click().run()
    assert api.admin.acts[-1][0] == "restore"


def test_limits_are_set_and_empty_is_the_usual(admin_page: AppTest, api: FakeApi) -> None:
    page = opened(admin_page, api)
    user = api.admin.users[0]["id"]
    page.number_input(key=f"day_jobs_{user}").set_value(5)
    page.button(key="set_limits").click().run()
    no_crash(page)
    wanted = {"day_jobs": 5, "month_usd": None, "month_tokens": None, "storage_mib": None}
    assert api.admin.acts == [("quotas", "bob *the* builder", wanted)]


def test_reset_link_is_shown_until_it_is_kept(admin_page: AppTest, api: FakeApi) -> None:
    page = opened(admin_page, api)
    page.button(key="reset_make").click().run()
    assert "http://127.0.0.1:9/?x=p2m_lnk_x" in [code.value for code in page.code]
    page.button(key="new_reset_link_kept").click().run()
    assert "http://127.0.0.1:9/?x=p2m_lnk_x" not in [code.value for code in page.code]


def test_another_admin_is_made(admin_page: AppTest, api: FakeApi) -> None:
    opened(admin_page, api).button(key="admin_make").click().run()
    assert api.admin.acts == [("make-admin", "bob *the* builder", None)]


def test_invite_is_made_and_shown_once(admin_page: AppTest, api: FakeApi) -> None:
    page = part(admin_page, "Invites")
    page.text_input(key="invite_note").set_value("for *grace*")
    page.button(key="invite_make").click().run()
    no_crash(page)
    assert "http://127.0.0.1:9/?x=p2m_lnk_x" in [code.value for code in page.code]
    assert "for *grace*" in [text.value for text in page.text]


def test_running_jobs_tell_whether_their_runner_lives(admin_page: AppTest, api: FakeApi) -> None:
    claim = {"job_id": "1", "user_id": "2", "username": "bob", "kind": "build", "attempt": 1, "started_at": now()}
    api.admin.claims = [{**claim, "silent_s": 1.0, "is_held": True}, {**claim, "silent_s": 9.0, "is_held": False}]
    cells = cells_of(part(admin_page, "Jobs"), "Runner")
    assert sorted(cells) == ["at work", "its runner is gone; another takes it up"]


def test_cost_is_told_by_user(admin_page: AppTest, api: FakeApi) -> None:
    api.admin.usage = [sums(now()[:10])]
    page = part(admin_page, "Cost")
    assert "$0.50" in [metric.value for metric in page.metric]
    assert "By user" in words_on(page)


def test_audit_log_is_filtered_and_exported_by_the_same_filter(admin_page: AppTest, api: FakeApi) -> None:
    page = part(admin_page, "Audit log")
    page.text_input(key="audit_action").set_value("token.").run()
    no_crash(page)
    assert api.admin.asked[-1] == {"action": "token."}
    assert "p2m/api/v1/admin/audit?action=token.&amp;format=csv" in html_on(page)
