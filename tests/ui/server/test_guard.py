"""Who may ask what of the web UI's server: other sites' pages may not use a browser's cookie."""

import datetime as dt

import httpx2
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from tests.ui.server.conftest import TOKEN, ui_server
from ui.server.backend import Backend
from ui.server.cookie import TICKETS

FOREIGN = {
    "other site": {"Origin": "https://evil.example"},
    "other port": {"Origin": "http://127.0.0.1:9"},
    "sandboxed page": {"Origin": "null"},
    "name that begins alike": {"Origin": "http://testserver.evil.example"},
    "told by the browser": {"Sec-Fetch-Site": "cross-site"},
    "same site": {"Sec-Fetch-Site": "same-site"},
    "http page of an https host": {"Origin": "http://testserver", "X-Forwarded-Proto": "https"},
}
OURS = {"own page": {"Origin": "http://testserver"}, "no browser": {}, "typed": {"Sec-Fetch-Site": "none"}}


@pytest.fixture(scope="module")
def client() -> TestClient:
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    # As uvicorn does, which Streamlit runs with its defaults.
    return TestClient(
        ProxyHeadersMiddleware(ui_server(Backend("http://127.0.0.1:9")), "*"), base_url="http://testserver"
    )


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_foreign_page_neither_signs_in_nor_out(client: TestClient, method: str, headers: dict[str, str]) -> None:
    kept = TICKETS.issue(TOKEN, dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    answer = client.request(method, "/p2m/session", content=kept, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert TICKETS.redeem(kept) is not None, "the ticket was used up"


@pytest.mark.parametrize("headers", OURS.values(), ids=OURS)
def test_own_page_signs_in(client: TestClient, headers: dict[str, str]) -> None:
    kept = TICKETS.issue(TOKEN, dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    assert client.post("/p2m/session", content=kept, headers=headers).status_code == 204


@pytest.mark.parametrize("name", [name for name in FOREIGN if "Origin" in FOREIGN[name]])
def test_foreign_page_opens_no_websocket(client: TestClient, name: str) -> None:
    headers = FOREIGN[name]
    address = "wss://testserver/_stcore/stream" if "X-Forwarded-Proto" in headers else "/_stcore/stream"
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect(address, headers=headers):
        pass
    assert closed.value.code == 1008


def test_own_page_opens_a_websocket(client: TestClient) -> None:
    headers = {"Origin": "http://testserver", "Cookie": f"p2m_web={TOKEN}"}
    with client.websocket_connect("/_stcore/stream", headers=headers) as websocket:
        assert websocket.receive_text() == "p2m_web"


def test_over_https_the_websocket_sees_the_cookie_of_https_alone(client: TestClient) -> None:
    headers = {"Origin": "https://testserver", "Cookie": "p2m_web=planted; __Host-p2m_web=ours"}
    with client.websocket_connect("wss://testserver/_stcore/stream", headers=headers) as websocket:
        assert websocket.receive_text() == "__Host-p2m_web"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_foreign_page_embeds_nothing_of_the_api(ada: httpx2.Client, site: str) -> None:
    assert ada.get("/p2m/api/v1/me", headers={"Sec-Fetch-Site": site}).status_code == 403
    assert ada.get("/p2m/api/v1/me", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_every_answer_tells_browsers_to_keep_to_us(visitor: httpx2.Client) -> None:
    headers = visitor.get("/media/some.png").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "private, no-cache"
    assert "strict-transport-security" not in headers
    https = visitor.get("/media/some.png", headers={"X-Forwarded-Proto": "https"}).headers
    assert "max-age" in https["strict-transport-security"]
