"""The API through the web UI's server, as a browser's own requests reach it."""

import http.client
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.support.stack_processes import wait_for
from tests.ui.server.conftest import FILE, LINK, TellingApi, serving, ui_server
from ui.server.backend import BYTES_POLICY, Backend


def raw_get(url: str, path: str, cookie: str) -> tuple[int, bytes]:
    """A request whose path nobody tidies up on the way."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.putrequest("GET", path, skip_accept_encoding=True)
    connection.putheader("Cookie", cookie)
    connection.endheaders()
    answer = connection.getresponse()
    read = answer.status, answer.read()
    connection.close()
    return read


def test_signed_out_browser_gets_a_problem_document(visitor: httpx2.Client, telling: TellingApi) -> None:
    asked = len(telling.paths)
    answer = visitor.get("/p2m/api/v1/me")
    assert answer.status_code == 401
    assert answer.json()["code"] == "signed_out"
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(telling.paths) == asked


def test_headers_that_matter_pass_and_no_others(ada: httpx2.Client, telling: TellingApi) -> None:
    asked = {"Last-Event-ID": "7", "X-Own": "no", "Authorization": "Bearer p2m_mine", "User-Agent": "Firefox"}
    answer = ada.get("/p2m/api/v1/me", headers=asked)
    assert answer.json() == {"username": "ada"}
    assert "set-cookie" not in answer.headers
    assert "x-of-the-api" not in answer.headers
    assert answer.headers["vary"] == "Cookie"
    sent = telling.headers[-1]
    assert sent["last-event-id"] == "7"
    assert sent["user-agent"] == "Firefox"
    assert sent["authorization"] != "Bearer p2m_mine"
    assert sent["x-forwarded-for"] == "127.0.0.1"
    assert not {"cookie", "x-own"} & set(sent)


def test_part_of_a_file_is_read_and_no_shared_cache_keeps_it(ada: httpx2.Client) -> None:
    path = "/p2m/api/v1/artifacts/file/content"
    part = ada.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, FILE[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(FILE)}"
    whole = ada.get(path)
    assert whole.content == FILE
    assert whole.headers["content-type"] == "model/gltf-binary"
    assert whole.headers["cache-control"] == "private, no-cache"
    assert whole.headers["etag"] == '"one"'


def test_a_users_page_is_no_page_of_ours(ada: httpx2.Client) -> None:
    answer = ada.get("/p2m/api/v1/artifacts/page/content")
    assert answer.headers["content-security-policy"] == BYTES_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_browsers_only_read(ada: httpx2.Client, telling: TellingApi, method: str) -> None:
    asked = len(telling.paths)
    assert ada.request(method, "/p2m/api/v1/projects").status_code == 405
    assert len(telling.paths) == asked


OUTSIDE = ["healthz", "docs", "v1", "v2/me", "v1/../healthz", "v1/%2e%2e/healthz", "v1/..%2fhealthz", "/v1/me", "V1/me"]


@pytest.mark.parametrize("path", OUTSIDE)
def test_nothing_but_v1_is_reached(ada: httpx2.Client, served: str, telling: TellingApi, path: str) -> None:
    asked = len(telling.paths)
    status, _ = raw_get(served, f"/p2m/api/{path}", ada.headers["Cookie"])
    assert status == 404
    assert len(telling.paths) == asked


@pytest.mark.parametrize(
    ("path", "arrives"),
    [
        ("v1/%252e%252e/healthz", "/v1/%252e%252e/healthz"),
        ("v1/names/a%3Fb%23c", "/v1/names/a%3Fb%23c"),
        ("v1/rows?format=csv&since=2026-01-01&query=a%26b", "/v1/rows?format=csv&since=2026-01-01&query=a%26b"),
        ("v1//evil.example/x", "/v1//evil.example/x"),
    ],
    ids=["quoted twice", "signs in a name", "query", "double slash"],
)
def test_path_arrives_as_it_was_written(
    ada: httpx2.Client, served: str, telling: TellingApi, path: str, arrives: str
) -> None:
    assert raw_get(served, f"/p2m/api/{path}", ada.headers["Cookie"])[0] == 200
    assert telling.paths[-1] == arrives


def test_stream_of_a_browser_that_went_away_ends(ada: httpx2.Client, telling: TellingApi) -> None:
    for _ in range(5):
        with ada.stream("GET", "/p2m/api/v1/events") as answer:
            pieces = answer.iter_raw()  # kept: with it the answer would be closed
            assert next(pieces).startswith(b": still there")
            assert telling.open_streams >= 1
    wait_for(lambda: telling.open_streams == 0, 15, "the end of the streams")


def test_half_a_file_is_no_whole_one_and_live_events_just_end(ada: httpx2.Client) -> None:
    with pytest.raises(httpx2.HTTPError):
        ada.get("/p2m/api/v1/half?type=application/zip")
    assert ada.get("/p2m/api/v1/half?type=text/event-stream").content == b"the first half"


def test_api_that_is_away_is_said_and_not_hung() -> None:
    with serving(ui_server(Backend("http://127.0.0.1:9"))) as url:
        answer = httpx2.get(f"{url}/p2m/api/v1/me", headers={"Cookie": "p2m_web=x"}, trust_env=False)
    assert answer.status_code == 502
    assert "try again" in answer.json()["detail"]


def test_a_browser_that_saves_a_large_file_is_sent_on_and_a_pages_script_is_not(ada: httpx2.Client) -> None:
    path = "/p2m/api/v1/artifacts/large/content"

    saved = ada.get(path, headers={"Sec-Fetch-Mode": "navigate"})
    assert (saved.status_code, saved.headers["location"], saved.content) == (307, LINK, b"")
    assert saved.headers["cache-control"] == "no-store"
    assert saved.headers["referrer-policy"] == "no-referrer"
    for told in ({"Sec-Fetch-Mode": "cors"}, {"Sec-Fetch-Mode": "no-cors"}, {}):  # the last: an old browser
        assert ada.get(path, headers=told).content == FILE
