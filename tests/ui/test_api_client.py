"""The API client against a real HTTP server: requests as the API wants them, errors as one sentence."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ui.scripted_server import Exchange, serve
from ui.api_client import ApiClient, ApiError, ApiUnreachable

PROBLEM = {"title": "Conflict", "status": 409, "detail": "The job has ended already.", "code": "conflict"}


def replies(status: int, content: Any = b"", media_type: str = "application/json") -> Callable[[Exchange], None]:
    return lambda exchange: exchange.reply(status, content, media_type)


def test_log_in_signs_every_later_call_and_log_out_ends_that() -> None:
    session = {"token": "p2m_x", "expires_at": "", "user": {"id": "1", "username": "ada", "created_at": ""}}
    with serve(replies(201, session), replies(200, session["user"]), replies(204)) as server:
        client = ApiClient(server.url)
        client.log_in("ada", "correct horse")
        assert client.me()["username"] == "ada"
        client.log_out()
        assert client.token is None
    assert "Authorization" not in server.seen[0].headers
    assert [seen.headers["Authorization"] for seen in server.seen[1:]] == ["Bearer p2m_x"] * 2


def test_problem_document_becomes_status_code_and_sentence() -> None:
    with serve(replies(409, PROBLEM, "application/problem+json")) as server, pytest.raises(ApiError) as caught:
        ApiClient(server.url).cancel_job("j")
    assert (caught.value.status, caught.value.code) == (409, "conflict")
    assert str(caught.value) == "The job has ended already."


@pytest.mark.parametrize("body", [b"<h1>Bad Gateway</h1>", b"[]", b'{"detail": [1]}', b""])
def test_error_that_is_no_problem_document_is_one_sentence_too(body: bytes) -> None:
    with serve(replies(502, body, "text/html")) as server, pytest.raises(ApiError) as caught:
        ApiClient(server.url).me()
    assert caught.value.code == "not_a_problem"
    assert str(caught.value) == f"The server at {server.url} answered 502 Bad Gateway."


def test_answer_that_is_no_json_says_that_this_is_another_server() -> None:
    with serve(replies(200, b"<html>", "text/html")) as server, pytest.raises(ApiError, match="not a Prompt2Mesh"):
        ApiClient(server.url).me()


def test_nobody_listening_is_one_sentence_with_the_address() -> None:
    with serve(replies(200)) as server:
        url = server.url
    with pytest.raises(ApiUnreachable) as caught:
        ApiClient(url).me()
    assert str(caught.value) == f"Nothing answers at {url}; check the address and whether Prompt2Mesh is running."


@pytest.mark.parametrize("address", ["", "prompt2mesh", "ftp://example.org", "http://"])
def test_address_that_is_none_is_refused_at_once(address: str) -> None:
    with pytest.raises(ApiUnreachable, match="is not the address of a server"):
        ApiClient(address)


def test_lists_are_read_to_their_last_page() -> None:
    first = {"items": [{"id": "a"}, {"id": "b"}], "next_cursor": "c&1"}
    with serve(replies(200, first), replies(200, {"items": [{"id": "c"}], "next_cursor": None})) as server:
        jobs = list(ApiClient(server.url).list_jobs(project_id="p", state="running"))
    assert [job["id"] for job in jobs] == ["a", "b", "c"]
    assert server.seen[0].path == "/v1/jobs?project_id=p&state=running"
    assert server.seen[1].path == "/v1/jobs?project_id=p&state=running&cursor=c%261"


def test_ids_cannot_leave_their_place_in_the_path() -> None:
    with serve(replies(200, {})) as server:
        ApiClient(server.url).get_job("../me?x=1")
    assert server.seen[0].path == "/v1/jobs/..%2Fme%3Fx%3D1"


def test_download_reports_progress_and_leaves_the_whole_file(tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096
    seen: list[tuple[int, int]] = []
    with serve(replies(200, data, "application/octet-stream")) as server:
        count = ApiClient(server.url).download("a", tmp_path / "scene.blend", lambda *now: seen.append(now))
    assert count == len(data)
    assert (tmp_path / "scene.blend").read_bytes() == data
    assert seen[-1] == (len(data), len(data))
    assert [path.name for path in tmp_path.iterdir()] == ["scene.blend"]


def test_download_that_breaks_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    def breaks(exchange: Exchange) -> None:
        exchange.start(200, "application/octet-stream", **{"Content-Length": "1000"})
        exchange.send(b"half")

    (tmp_path / "scene.blend").write_bytes(b"old")
    with serve(breaks) as server, pytest.raises(ApiUnreachable, match="broke"):
        ApiClient(server.url).download("a", tmp_path / "scene.blend")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"scene.blend": b"old"}


def test_download_of_what_is_not_there_is_the_apis_sentence(tmp_path: Path) -> None:
    with (
        serve(replies(404, {**PROBLEM, "detail": "There is no artifact."})) as server,
        pytest.raises(ApiError) as caught,
    ):
        ApiClient(server.url).download("a", tmp_path / "scene.blend")
    assert str(caught.value) == "There is no artifact."
    assert list(tmp_path.iterdir()) == []


def test_client_needs_neither_streamlit_nor_the_backend() -> None:
    told = "import sys, ui.api_client; print([m for m in ('streamlit', 'cloud', 'bpy') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", told], text=True).strip() == "[]"


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.api_requests.RETRY_WAITS_S", (0.0, 0.0))


def _breaks(exchange: Exchange) -> None:
    exchange.handler.close_connection = True


@pytest.mark.usefixtures("no_waits")
@pytest.mark.parametrize("trouble", [_breaks, replies(503, PROBLEM, "application/problem+json")])
def test_a_job_whose_answer_was_lost_is_sent_again_with_the_same_key(trouble: Callable[[Exchange], None]) -> None:
    with serve(trouble, replies(202, {"id": "j"})) as server:
        assert ApiClient(server.url).create_job("p", "a chair")["id"] == "j"
    keys = [exchange.headers["Idempotency-Key"] for exchange in server.seen]
    assert len(keys) == 2
    assert keys[0] == keys[1] != ""
    assert server.seen[0].body == server.seen[1].body


@pytest.mark.usefixtures("no_waits")
def test_a_refusal_is_not_sent_again() -> None:
    with serve(replies(409, PROBLEM)) as server, pytest.raises(ApiError):
        ApiClient(server.url).export_project("p", "glb")
    assert len(server.seen) == 1


@pytest.mark.usefixtures("no_waits")
def test_a_server_that_stays_away_is_told_after_some_tries() -> None:
    with serve(_breaks) as server, pytest.raises(ApiUnreachable):
        ApiClient(server.url).create_batch(["a chair"])
    assert len(server.seen) == 3


def test_two_jobs_have_two_keys() -> None:
    with serve(replies(202, {"id": "j"})) as server:
        client = ApiClient(server.url)
        for _ in range(2):
            client.create_job("p", "a chair")
        client.create_job("p", "a chair", key="own")
    first, second, own = (exchange.headers["Idempotency-Key"] for exchange in server.seen)
    assert first != second
    assert own == "own"


def test_a_batch_goes_as_json_and_a_file_as_it_is() -> None:
    with serve(replies(202, {"id": "b"})) as server:
        client = ApiClient(server.url)
        client.create_batch(["a chair", {"prompt": "a table"}], name="Set")
        client.send_batch_file("prompt\nстул\n".encode(), "text/csv", name="Möbel")
        client.cancel_batch("b/1")
    assert json.loads(server.seen[0].body) == {"name": "Set", "items": ["a chair", {"prompt": "a table"}]}
    assert (server.seen[1].path, server.seen[1].headers["Content-Type"]) == ("/v1/batches?name=M%C3%B6bel", "text/csv")
    assert server.seen[1].body.decode() == "prompt\nстул\n"
    assert server.seen[2].path == "/v1/batches/b%2F1/cancel"
