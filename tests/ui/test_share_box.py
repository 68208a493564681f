"""The box with public links on a project's page."""

from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import FakeApi
from tests.ui.screen import ask, no_crash, words_on


def _opened(app: AppTest, api: FakeApi, *, has_scene: bool) -> AppTest:
    project = api.add_project("Chair")
    project["head_snapshot_id"] = "s" if has_scene else None
    app.switch_page("views/projects.py").run()
    ask(app, "gallery_inbox", "show", id=project["id"], box="share")
    no_crash(app)
    return app


def test_a_link_is_made_shown_once_and_revoked(signed_in: AppTest, api: FakeApi) -> None:
    page = _opened(signed_in, api, has_scene=True)
    page.text_input(key="share_title").input("A *red* chair")
    page.selectbox(key="share_lasts").set_value("Until it is revoked")
    page.checkbox(key="share_download").check()
    page.button(key="share_make").click().run()
    no_crash(page)

    (share,) = api.shares
    assert (share["title"], share["allow_download"], share["expires_at"]) == ("A *red* chair", True, None)
    assert share["url"] in [one.value for one in page.code]
    assert "3D model is being made" in words_on(page)
    assert "A *red* chair" in [one.value for one in page.text]
    page.button(key="share_kept").click().run()
    no_crash(page)
    assert [one.value for one in page.code] == []
    assert "no expiry" in words_on(page)

    page.button(key=f"revoke_share_{share['id']}").click().run()
    no_crash(page)
    assert api.shares == []


def test_a_project_without_a_scene_has_no_box(signed_in: AppTest, api: FakeApi) -> None:
    page = _opened(signed_in, api, has_scene=False)

    assert "share_make" not in [one.key for one in page.button]
