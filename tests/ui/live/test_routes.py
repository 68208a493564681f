"""The live view of a job over SSE, as a browser's cookie gets it from the web UI's server."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.ui.fake_api import FakeApi, fake_api
from tests.ui.server.conftest import serving, ui_server
from ui.live import hub as hub_module
from ui.server.backend import Backend

DEADLINE_S = 20.0


@pytest.fixture(scope="module")
def api() -> Iterator[FakeApi]:
    with fake_api() as served:
        yield served


@pytest.fixture(scope="module")
def ui_url(api: FakeApi) -> Iterator[str]:
    with serving(ui_server(Backend(api.url))) as url:
        yield url


@pytest.fixture
def browser(api: FakeApi, ui_url: str) -> Iterator[httpx2.Client]:
    """Somebody who is signed in, in a session that no other test has."""
    with httpx2.Client(base_url=ui_url, trust_env=False, timeout=DEADLINE_S) as client:
        client.headers["Cookie"] = f"p2m_web={api.add_user()}"
        yield client


@pytest.fixture
def job(api: FakeApi) -> dict[str, Any]:
    return api.add_job(api.add_project("Chair")["id"], "a chair")


def views(stream: Any) -> Iterator[dict[str, Any]]:
    for line in stream.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def until(seen: Iterator[dict[str, Any]], wanted: Any) -> dict[str, Any]:
    """The first part for which `wanted` holds."""
    deadline = time.monotonic() + DEADLINE_S
    for part in seen:
        if wanted(part):
            return part
        assert time.monotonic() < deadline
    raise AssertionError("the stream ended before that")


def test_the_view_comes_whole_then_in_parts_and_ends_with_the_job(
    api: FakeApi, browser: httpx2.Client, job: dict[str, Any]
) -> None:
    with browser.stream("GET", f"/p2m/live/jobs/{job['id']}") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert "no-store" in stream.headers["cache-control"]
        seen = views(stream)
        first = next(seen)
        assert first["full"]
        assert first["head"]["stage"] == "Waiting in the queue"
        api.play_beginning(job)
        until(seen, lambda part: any(step["number"] == 2 for step in part["steps"]))
        api.play_end(job)
        assert until(seen, lambda part: part.get("end"))["end"] == "succeeded"
        assert list(seen) == []


def test_many_watchers_of_a_session_are_one_stream_to_the_api(
    api: FakeApi, browser: httpx2.Client, job: dict[str, Any]
) -> None:
    before = api.streams
    path = f"/p2m/live/jobs/{job['id']}"
    with browser.stream("GET", path) as one, browser.stream("GET", path) as two, browser.stream("GET", path) as three:
        seen = [views(stream) for stream in (one, two, three)]
        for each in seen:
            next(each)
        api.play_beginning(job)
        api.play_end(job)
        for each in seen:
            until(each, lambda part: part.get("end") == "succeeded")
    assert api.streams - before == 1


def test_an_api_that_goes_away_is_said_and_found_again_with_nothing_lost_or_twice(
    api: FakeApi, browser: httpx2.Client, job: dict[str, Any]
) -> None:
    api.play_beginning(job)
    with browser.stream("GET", f"/p2m/live/jobs/{job['id']}") as stream:
        seen = views(stream)
        until(seen, lambda part: any(step["number"] == 2 for step in part["steps"]))
        api.away = True
        try:
            lost = until(seen, lambda part: "head" in part and part["head"]["lost"])
        finally:
            api.away = False
        assert lost["head"]["lost"] == "Connection lost, trying again…"
        until(seen, lambda part: "head" in part and not part["head"]["lost"])
        api.play(job, "step.finished", step=2, tool="look", title="", ok=True, seconds=0.1)
        (step,) = until(seen, lambda part: part["steps"])["steps"]
        assert (step["number"], step["ok"]) == (2, True)
        api.play_end(job)
        assert until(seen, lambda part: part.get("end"))["head"]["facts"][0] == "2 steps"


def test_a_job_of_nobody_knows_whom_is_gone_in_one_sentence(browser: httpx2.Client) -> None:
    with browser.stream("GET", "/p2m/live/jobs/not-mine") as stream:
        (only,) = views(stream)
    assert only["gone"] == "There is no such thing."


@pytest.mark.parametrize("path", ["", "/steps/1/code"])
def test_without_a_cookie_there_is_nothing(ui_url: str, job: dict[str, Any], path: str) -> None:
    answer = httpx2.get(f"{ui_url}/p2m/live/jobs/{job['id']}{path}", trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (401, "signed_out")


def test_another_sites_page_cannot_embed_it(browser: httpx2.Client, job: dict[str, Any]) -> None:
    answer = browser.get(f"/p2m/live/jobs/{job['id']}", headers={"Sec-Fetch-Site": "same-site"})
    assert answer.status_code == 403


def test_a_session_that_ended_hears_that(api: FakeApi, browser: httpx2.Client, job: dict[str, Any]) -> None:
    api.tokens.clear()
    with browser.stream("GET", f"/p2m/live/jobs/{job['id']}") as stream:
        (only,) = views(stream)
    assert only["gone"] == "Sign in first."


def test_a_steps_code_comes_coloured_on_demand(api: FakeApi, browser: httpx2.Client, job: dict[str, Any]) -> None:
    api.play_beginning(job)
    api.play_end(job)
    answer = browser.get(f"/p2m/live/jobs/{job['id']}/steps/1/code")
    assert "".join(text for _, text in answer.json()) == "import bpy\n# chair"
    for number in (2, 99):  # a step without code, and none at all
        assert browser.get(f"/p2m/live/jobs/{job['id']}/steps/{number}/code").status_code == 404


def test_nobody_watching_ends_the_stream_to_the_api(
    api: FakeApi, browser: httpx2.Client, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "LINGER_S", 0.0)
    before = api.streams_open
    with browser.stream("GET", f"/p2m/live/jobs/{job['id']}") as stream:
        next(views(stream))
        _wait(lambda: api.streams_open == before + 1)
    _wait(lambda: api.streams_open == before)


def _wait(condition: Any) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
