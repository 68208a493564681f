"""Device sign-in (RFC 8628) over HTTP, and the attacks on it."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import psycopg
import pytest
from fastapi.testclient import TestClient

from cloud.api import floods
from cloud.api.app import create_app
from cloud.db.engine import libpq_url
from cloud.settings import Settings
from tests.api.conftest import sign_in
from tests.api.devices import Device, begin
from tests.conftest import RunningApi


@pytest.fixture(autouse=True)
def clear_of_floods(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Each test has an address that has sent nothing yet."""
    monkeypatch.setattr(floods, "network_of", lambda address: f"{address} in {request.node.name}")


@pytest.fixture
def device(anybody: httpx2.Client, api: RunningApi) -> Device:
    """A command line that waits."""
    return begin(anybody, api, device_name="Linux, host lab")


def _approve(who: httpx2.Client, device: Device, code: str | None = None) -> httpx2.Response:
    return who.post("/v1/device/approve", json={"user_code": code or device.user_code})


def test_a_device_is_told_all_that_the_rfc_names(device: Device, api: RunningApi) -> None:
    answer = device.answer

    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", answer["user_code"])
    assert answer["verification_uri"] == f"{api.url}/device"
    assert answer["verification_uri_complete"] == f"{api.url}/device?code={answer['user_code']}"
    assert (answer["expires_in"], answer["interval"]) == (900, 5)
    assert answer["device_code"].startswith("p2m_dev_")


def test_the_page_to_open_is_that_of_the_web_ui(database_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=database_url, public_url=" https://mesh.example.org/ ")
    with TestClient(create_app(settings)) as client:
        answer = client.post("/v1/device/authorize", data={"client_id": "cli"}).json()

    assert answer["verification_uri"] == "https://mesh.example.org/device"


def test_a_device_gets_a_session_of_whoever_approves(
    api: RunningApi, anybody: httpx2.Client, ada: httpx2.Client
) -> None:
    device = begin(anybody, api, "add-on", device_name="Blender 4.5 on\nlab\u202e")
    assert device.error() == "authorization_pending"

    seen = ada.post("/v1/device/lookup", json={"user_code": device.user_code}).json()
    assert (seen["client"], seen["device"], seen["address"]) == ("add-on", "Blender 4.5 on lab", "127.0.0.1")
    assert _approve(ada, device).status_code == 204
    answer = device.poll()

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    token = answer.json()
    assert (token["token_type"], token["scope"]) == ("Bearer", "account build read")
    assert token["expires_in"] > 3600
    me = anybody.get("/v1/me", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert me.json()["username"] == "Ada"
    with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
        rows = connection.execute("SELECT client, device, address FROM sessions WHERE client = 'add-on'").fetchall()
    assert rows == [("add-on", "Blender 4.5 on lab", "127.0.0.1")]


def test_a_code_gives_one_token(ada: httpx2.Client, device: Device) -> None:
    assert _approve(ada, device).status_code == 204
    assert device.poll().status_code == 200

    assert device.error() == "invalid_grant"


def test_two_polls_at_once_get_one_token(ada: httpx2.Client, device: Device) -> None:
    assert _approve(ada, device).status_code == 204

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: device.poll(), range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}


def test_who_asks_too_soon_waits_five_seconds_longer_for_good(device: Device) -> None:
    assert device.error() == "authorization_pending"
    assert [device.error(), device.interval_s()] == ["slow_down", 10]
    device.pass_s(6)
    assert [device.error(), device.interval_s()] == ["slow_down", 15]
    device.pass_s(15)
    assert [device.error(), device.interval_s()] == ["authorization_pending", 15]


def test_who_asks_too_soon_after_the_approval_is_let_in(ada: httpx2.Client, device: Device) -> None:
    assert [device.error(), device.error()] == ["authorization_pending", "slow_down"]
    assert _approve(ada, device).status_code == 204

    assert device.poll().status_code == 200


def test_a_device_that_is_turned_away_is_told(ada: httpx2.Client, device: Device) -> None:
    assert ada.post("/v1/device/deny", json={"user_code": device.user_code}).status_code == 204

    assert device.error() == "access_denied"
    assert _approve(ada, device).status_code == 404
    assert device.error() == "access_denied"


def test_a_code_ends_after_fifteen_minutes(ada: httpx2.Client, device: Device) -> None:
    device.pass_s(901)

    assert device.error() == "expired_token"
    assert _approve(ada, device).status_code == 404
    assert ada.post("/v1/device/lookup", json={"user_code": device.user_code}).status_code == 404


def test_an_approved_code_that_nobody_fetched_ends_too(ada: httpx2.Client, device: Device) -> None:
    assert _approve(ada, device).status_code == 204
    device.pass_s(901)

    assert device.error() == "expired_token"


def test_who_approves_first_decides(ada: httpx2.Client, eve: httpx2.Client, device: Device) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda who: _approve(who, device).status_code, [ada, eve] * 3))
    token = device.poll().json()["access_token"]

    assert sorted(answers) == [204] + [404] * 5
    winner = ["Ada", "Eve"][answers.index(204) % 2]
    me = device.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json()["username"] == winner


def test_nobody_else_can_change_the_answer(ada: httpx2.Client, eve: httpx2.Client, device: Device) -> None:
    assert _approve(ada, device).status_code == 204
    for route in ("lookup", "approve", "deny"):
        answer = eve.post(f"/v1/device/{route}", json={"user_code": device.user_code})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    token = device.poll().json()["access_token"]
    assert device.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"}).json()["username"] == "Ada"


@pytest.mark.parametrize("form", ["{code}", " {lower} ", "{bare}", "{spaced}"])
def test_the_code_may_be_typed_in_any_way(ada: httpx2.Client, device: Device, form: str) -> None:
    code = device.user_code
    typed = form.format(code=code, lower=code.lower(), bare=code.replace("-", ""), spaced=" ".join(code))

    assert _approve(ada, device, typed).status_code == 204


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"client_id": "add-on"}, "invalid_grant"),
        ({"client_id": "somebody"}, "invalid_client"),
        ({"client_id": ""}, "invalid_request"),
        ({"device_code": ""}, "invalid_request"),
        ({"device_code": "p2m_dev_guessed"}, "invalid_grant"),
        ({"device_code": "\0"}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"an_unknown_parameter": "is passed over"}, "authorization_pending"),
    ],
    ids=["client", "nobody", "no-client", "no-code", "guess", "nul", "no-grant", "other-grant", "unknown"],
)
def test_what_a_device_gets_wrong_it_is_told_in_the_words_of_the_rfc(
    device: Device, changed: dict[str, str], error: str
) -> None:
    assert device.error(**changed) == error


def test_a_user_code_is_no_device_code(ada: httpx2.Client, device: Device) -> None:
    assert _approve(ada, device).status_code == 204

    assert device.error(device_code=device.user_code) == "invalid_grant"
    assert _approve(ada, device, device.answer["device_code"]).status_code == 404


@pytest.mark.parametrize("path", ["/v1/device/authorize", "/v1/device/token"])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"client_id=cli&client_id=cli", "application/x-www-form-urlencoded"),
        (b"client_id=%FF", "application/x-www-form-urlencoded"),
        (b"client_id=\xff", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % number for number in range(100)), "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded"),
        (b'{"client_id": "cli"}', "application/json"),
        (b"client_id=cli", ""),
    ],
    ids=["twice", "no-utf8", "no-ascii", "many", "empty", "json", "no-type"],
)
def test_what_is_no_form_is_an_invalid_request(
    anybody: httpx2.Client, path: str, body: bytes, content_type: str
) -> None:
    answer = anybody.post(path, content=body, headers={"Content-Type": content_type})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("route", ["lookup", "approve", "deny"])
def test_only_who_is_signed_in_answers(anybody: httpx2.Client, device: Device, route: str) -> None:
    answer = anybody.post(f"/v1/device/{route}", json={"user_code": device.user_code})

    assert answer.status_code == 401
    assert device.error() == "authorization_pending"


def test_who_guesses_codes_is_stopped_and_a_right_guess_between_does_not_help(
    api: RunningApi, anybody: httpx2.Client, device: Device
) -> None:
    guesser = sign_in(api, "guesser")
    own = begin(anybody, api)

    def tried(code: str) -> int:
        return guesser.post("/v1/device/lookup", json={"user_code": code}).status_code

    answers = [tried(own.user_code if number % 10 == 0 else "BCDF-GHJK") for number in range(60)]
    assert set(answers) == {200, 404}
    refused = _approve(guesser, device)

    assert (refused.status_code, int(refused.headers["Retry-After"]) > 60) == (429, True)
    assert "device codes" in refused.json()["detail"]
    assert device.error() == "authorization_pending"


def test_a_flood_of_device_sign_ins_is_stopped_before_the_database(
    api: RunningApi, anybody: httpx2.Client, device: Device
) -> None:
    answers = [anybody.post("/v1/device/authorize", data={"client_id": "cli"}) for _ in range(61)]

    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) <= 60
    assert device.poll().status_code == 400


def test_who_was_suspended_since_the_approval_is_not_let_in(
    api: RunningApi, anybody: httpx2.Client, device: Device
) -> None:
    mallory = sign_in(api, "suspended since")
    assert _approve(mallory, device).status_code == 204
    with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
        connection.execute("UPDATE users SET suspended_at = now() WHERE username = 'suspended since'")

    assert device.error() == "access_denied"
    assert device.error() == "invalid_grant"


def test_a_device_sign_in_is_audited(api: RunningApi, ada: httpx2.Client, device: Device) -> None:
    _approve(ada, device)
    device.poll()
    with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
        entries = connection.execute(
            "SELECT action, subject, details->>'client', device FROM audit_log ORDER BY id DESC LIMIT 2"
        ).fetchall()

    assert [(entry[0], entry[1].split(":")[0], entry[2]) for entry in entries] == [
        ("session.created", "session", "cli"),
        ("device.approved", "device", "cli"),
    ]
    assert entries[0][3] == "Linux, host lab"
    assert ada.headers["Authorization"].split("_")[-1] not in str(entries)


def test_the_device_code_is_nowhere_in_the_database(api: RunningApi, device: Device) -> None:
    with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
        rows = connection.execute("SELECT device_grants::text FROM device_grants").fetchall()

    code = device.answer["device_code"]
    assert not [row for row in rows if code in row[0] or code.encode().hex() in row[0]]
