"""The same nonsense to every route of the document: always a problem with one sentence, never a server error."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx2
import psycopg
import pytest

from cloud.db.engine import libpq_url
from tests.api.every_route import JSON, Route, plausible, routes
from tests.conftest import RunningApi

ROUTES = sorted(routes(), key=str)
WITH_JSON = [route for route in ROUTES if JSON in route.takes]
WITH_IDS = [route for route in ROUTES if route.ids]


@pytest.fixture(scope="module", autouse=True)
def admitted(api: RunningApi, ada: httpx2.Client) -> None:
    """Ada is an admin here, or the admins' routes would look at nothing of what she sends."""
    with psycopg.connect(libpq_url(api.settings.database_url)) as connection:
        connection.execute("UPDATE users SET is_admin = true WHERE username = 'Ada'")


@pytest.fixture(autouse=True)
def goes_on(ada: httpx2.Client) -> Iterator[None]:
    """After every test the same server still serves, and Ada is still signed in."""
    yield
    assert ada.get("/v1/me").status_code == 200


@pytest.fixture
def known(ada: httpx2.Client, project: str, png: bytes) -> dict[str, str]:
    """Ids that exist."""
    job = ada.post(f"/v1/projects/{project}/jobs", json={"prompt": "a chair"}).json()["id"]
    artifact = ada.post(f"/v1/projects/{project}/images", content=png).json()["id"]
    return {"project_id": project, "job_id": job, "artifact_id": artifact}


def _problem(answer: httpx2.Response, *statuses: int) -> dict[str, Any]:
    assert answer.status_code in statuses, f"{answer.request.url}: {answer.status_code} {answer.text}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["code"]
    sentence = problem["detail"]
    assert sentence.endswith((".", "`)", "`errors`)")), sentence
    assert "Traceback" not in sentence
    assert len(sentence) < 600
    return problem


def _no_server_error(answer: httpx2.Response) -> None:
    if answer.status_code >= 400:
        _problem(answer, *range(400, 500))


NO_JSON: dict[str, bytes] = {
    "nothing": b"",
    "half an object": b'{"a": ',
    "a word": b"castle",
    "bytes that are no UTF-8": b'{"name": "\xff\xfe"}',
    "NUL": b"\0",
    "too deep": b"[" * 100_000,
    "deep and whole": b'{"name":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "a list": b"[]",
    "a number": b"7",
    "a text": b'"prompt"',
    "null": b"null",
    "NaN": b"NaN",
    "a number too long": b'{"name": ' + b"9" * 5_000 + b"}",
    "an unknown field": b'{"no_such_field": 1}',
    "an empty name of a field": b'{"": 1}',
    "half a surrogate pair as a field": b'{"\\ud800": 1}',
}


@pytest.mark.parametrize("route", WITH_JSON, ids=str)
def test_a_body_that_is_not_what_it_should_be_is_told(ada: httpx2.Client, known: dict[str, str], route: Route) -> None:
    statuses = (400, 413, 415, 422) if set(route.ids) <= set(known) else (400, 404, 413, 415, 422)
    address = route.address(known)
    for name, body in NO_JSON.items():
        if name in ("nothing", "null") and not route.needs_body:
            continue
        answer = ada.request(route.method, address, content=body, headers={"Content-Type": JSON})
        assert _problem(answer, *statuses), name
    if set(route.takes) == {JSON} and route.needs_body:
        for content_type in ("text/plain", "application/xml", "multipart/form-data", "image/png", "nonsense", ""):
            body = json.dumps(plausible(route.takes[JSON])).encode()
            answer = ada.request(route.method, address, content=body, headers={"Content-Type": content_type})
            assert "application/json" in _problem(answer, *statuses)["detail"]


NO_ID = ["7", "not-a-uuid", "%00", "%FF%FE", "%2E%2E", "🏰", "a" * 5_000, "{}", "%7B%7D", "' OR 1=1 --", "00000000"]


@pytest.mark.parametrize("route", WITH_IDS, ids=str)
def test_an_id_that_is_none_is_told(ada: httpx2.Client, known: dict[str, str], route: Route) -> None:
    body = plausible(route.takes[JSON]) if JSON in route.takes else None
    for name in route.ids:
        for value in NO_ID:
            address = route.address({**known, name: value})
            _problem(ada.request(route.method, address, json=body), 404, 405, 422)
        _problem(ada.request(route.method, route.address({**known, name: str(uuid.uuid4())}), json=body), 404)


STRANGE = ["", "%00", "%FF", "-1", "1e999", "NaN", "9" * 400, "🏰", "true", "null", "%0D%0AX: y", "a" * 5_000]


@pytest.mark.parametrize("route", [route for route in ROUTES if route.query], ids=str)
def test_a_strange_value_in_the_query_is_told(ada: httpx2.Client, known: dict[str, str], route: Route) -> None:
    # A stream of what exists would not end.
    address = route.address({} if route.streams or route.method == "DELETE" else known)
    for name in route.query:
        for value in STRANGE:
            _no_server_error(ada.request(route.method, f"{address}?{name}={value}"))


VALUES: list[Any] = [
    *(None, True, 0, -1, 2**63, -(2**63) - 1, 10**400, float("nan"), float("inf"), 1e308, "", " ", "\0", "\ud800"),
    *(
        "x" * 9_000,
        "\u202e",
        "\r\n",
        "🏰" * 300,
        [],
        [[]],
        [None] * 1000,
        {},
        {"": None},
        {"a": {"b": "\0"}},
        ["\ud800"],
    ),
]


@pytest.mark.heavy
@pytest.mark.parametrize("route", [route for route in WITH_JSON if route.body_fields], ids=str)
def test_a_strange_value_in_any_field_is_told(ada: httpx2.Client, known: dict[str, str], route: Route) -> None:
    for name in route.body_fields:
        for value in VALUES:
            body = {**plausible(route.takes[JSON]), name: value}
            content = json.dumps(body).encode()
            _no_server_error(
                ada.request(route.method, route.address(known), content=content, headers={"Content-Type": JSON})
            )
