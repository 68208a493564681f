"""The Batch page: read before it is sent, sent once, followed, and found again."""

from streamlit.testing.v1 import AppTest

from tests.ui.fake_api import FakeApi
from tests.ui.fake_batches import batch_of
from tests.ui.screen import ask, no_crash, painted, words_on

INBOX = "batch_inbox"


def open_page(app: AppTest) -> AppTest:
    app.switch_page("views/batch.py").run()
    no_crash(app)
    return app


def write(app: AppTest, text: str) -> AppTest:
    app.text_area(key="batch_text").set_value(text).run()
    no_crash(app)
    return app


def test_prompts_are_shown_as_they_are_read_before_they_are_sent(signed_in: AppTest, api: FakeApi) -> None:
    page = write(open_page(signed_in), "a chair\n\na <b>table</b>")
    assert "2 prompts" in words_on(page).replace("\\", "")
    (table,) = [element.proto.body for element in page.get("html") if "<table>" in element.proto.body]
    assert "a &lt;b&gt;table&lt;/b&gt;" in table
    assert api.batches == {}


def test_what_cannot_be_read_is_said_with_its_line_and_the_text_stays(signed_in: AppTest) -> None:
    page = write(open_page(signed_in), "a chair\nbad")
    assert "Line 2" in words_on(page)
    assert page.text_area(key="batch_text").value == "a chair\nbad"
    assert "batch_send" not in [one.key for one in page.button]


def test_a_batch_is_sent_and_shown_as_a_grid(signed_in: AppTest, api: FakeApi) -> None:
    page = write(open_page(signed_in), "a chair\na table")
    page.text_input(key="batch_name").set_value("Set *one*")
    page.selectbox(key="batch_quality").set_value("Draft")
    page.button(key="batch_send").click().run()
    no_crash(page)
    (batch,) = api.batches.values()
    assert batch["asked"] == {"name": "Set *one*", "quality": "draft", "detail": "as-is"}
    assert page.query_params["batch"] == batch["id"]
    assert [cell["name"] for cell in painted(page, "p2m_batch")["cells"]] == ["1 · a chair", "2 · a table"]


def test_a_batch_opened_by_its_address_is_tried_again(signed_in: AppTest, api: FakeApi) -> None:
    batch = api.batches["b1"] = {**batch_of(["a chair"], "Furniture"), "id": "b1"}
    batch["items"][0].update(state="failed", error={"code": "x", "message": "It was too much."})
    signed_in.query_params["batch"] = "b1"
    page = open_page(signed_in)
    assert painted(page, "p2m_batch")["cells"][0]["error"] == "It was too much."
    ask(page, INBOX, "retry")
    no_crash(page)
    assert painted(page, "p2m_batch")["cells"][0]["words"] == "Waiting"
    batch["items"][0].update(state="succeeded")
    ask(page, INBOX, "retry")
    assert "There is nothing to try again" in words_on(page)


def test_a_batch_that_is_not_there_is_said(signed_in: AppTest) -> None:
    signed_in.query_params["batch"] = "nothing"
    assert "There is no such thing" in words_on(open_page(signed_in))


def test_earlier_batches_are_listed(signed_in: AppTest, api: FakeApi) -> None:
    api.batches["b1"] = {**batch_of(["a chair", "a table"], "Furniture"), "id": "b1"}
    page = open_page(signed_in)
    assert "0 of 2 done" in words_on(page).replace("\\", "")
