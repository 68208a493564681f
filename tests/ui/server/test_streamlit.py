"""Streamlit's own addresses, as our server lets them be used."""

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.ui.served_ui import served_ui


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Its address, and the token of somebody who is signed in."""
    with served_ui(tmp_path_factory.mktemp("ui") / "ui.log") as (url, api):
        yield url, api.add_user("ada")


def opened_websocket(url: str, **headers: str) -> int:
    """The status that asking for the page's WebSocket is answered with; 101 is yes."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    asked = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    asked["Sec-WebSocket-Key"] = "AAAAAAAAAAAAAAAAAAAAAA=="
    connection.request("GET", "/_stcore/stream", headers=asked | headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_page_is_served_with_our_policy(ui: tuple[str, str]) -> None:
    page = httpx2.get(ui[0], trust_env=False)
    assert page.status_code == 200
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


def test_page_of_another_port_or_site_opens_no_session(ui: tuple[str, str]) -> None:
    url, token = ui
    cookie = f"p2m_web={token}"
    assert opened_websocket(url, Origin=url, Cookie=cookie) == 101
    for origin in ("http://127.0.0.1:9", "https://evil.example", "null"):
        assert opened_websocket(url, Origin=origin, Cookie=cookie) == 403


def test_uploads_want_somebody_signed_in_and_streamlits_own_token(ui: tuple[str, str]) -> None:
    url, token = ui
    address = f"{url}/_stcore/upload_file/session/file"
    files = {"file": ("a.png", b"x" * 1000)}
    assert httpx2.put(address, files=files, trust_env=False).status_code == 401
    signed_in = httpx2.put(address, files=files, headers={"Cookie": f"p2m_web={token}"}, trust_env=False)
    assert signed_in.status_code == 403, "it went past Streamlit's own protection"
    read = httpx2.get(address, headers={"Cookie": f"p2m_web={token}"}, trust_env=False)
    assert b"<title>Streamlit</title>" in read.content, "this is no page: files of others can be read"


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/app/static/main.py", "/media/nothing", "/p2m/assets/x/main.py"])
def test_nothing_is_told_or_served_that_is_not_meant_to_be(ui: tuple[str, str], path: str) -> None:
    answer = httpx2.get(ui[0] + path, trust_env=False)
    assert answer.status_code in {403, 404} or b"<title>Streamlit</title>" in answer.content
    assert b"draw_sign_in" not in answer.content
