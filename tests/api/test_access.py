"""Who may call what: every route of the document without a session, with each scope, and after its project's end."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from cloud.accounts.queries import Identity
from cloud.accounts.scopes import SCOPES, Scope
from cloud.accounts.sign_in import Accounts
from cloud.api.access import PUBLIC
from tests.api.every_route import JSON, Route, document_doors, routes
from tests.api.tenants.estate import Estate, Settling
from tests.api.tenants.rows_of import RowsOf
from tests.api.tenants.walk import plausible_body
from tests.conftest import RunningApi

DEMANDS = {door.name: door.demand for door in document_doors() if door.demand is not None}
GUARDED = sorted((route for route in routes() if str(route) not in PUBLIC), key=str)
LOG_OUT = "DELETE /v1/sessions/current"  # an API token is told that it has no session to end
CLAIM = "POST /v1/admin/claim"  # by which somebody who is no admin becomes the first
QUOTAS = "GET /v1/account/quotas"  # a program that sends jobs must know whether it may
UNDELETE = "POST /v1/projects/{project_id}/undelete"
_WITHIN_PROJECTS = {"project_id", "job_id", "artifact_id", "snapshot_id"}
_SCOPED = "p2m_with_scopes_"


@pytest.fixture(scope="module")
def settling(database_url: str) -> Iterator[Settling]:
    made = Settling(database_url)
    yield made
    made.close()


@pytest.fixture(scope="module")
def rows_of(database_url: str) -> Iterator[RowsOf]:
    rows = RowsOf(database_url)
    yield rows
    rows.close()


@pytest.fixture(scope="module")
def estate(settling: Settling) -> Estate:
    """Of somebody who only reads, or tries to."""
    return settling.settle()


@pytest.fixture(scope="module")
def client(api: RunningApi) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=api.url, timeout=30) as opened:
        yield opened


def _call(client: httpx2.Client, route: Route, ids: dict[str, str], headers: dict[str, str]) -> httpx2.Response:
    body = plausible_body(route) if JSON in route.takes else None
    return client.request(route.method, route.address(ids), json=body, headers=headers)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("route", GUARDED, ids=str)
def test_no_route_answers_without_a_session_that_is_alive(
    client: httpx2.Client, estate: Estate, rows_of: RowsOf, route: Route
) -> None:
    before = rows_of(estate)
    tried = {
        "nothing": {},
        "no token": {"Authorization": "Bearer"},
        "another way": {"Authorization": f"Basic {estate.token}"},
        "the token alone": {"Authorization": estate.token},
        "a token of nobody": _bearer(f"p2m_{uuid.uuid4().hex}"),
        "an ended session": _bearer(estate.ended_token),
        "the token's hash": _bearer(f"p2m_{estate.token.encode().hex()}"),
        "two tokens": _bearer(f"{estate.ended_token}, Bearer {estate.token}"),
    }
    for name, headers in tried.items():
        answer = _call(client, route, estate.ids, headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), name
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert estate.mark not in answer.text
    assert rows_of(estate) == before


@pytest.fixture(scope="module")
def scoped(estate: Estate) -> Iterator[None]:
    """The API takes a token that names its scopes, as if it were an API token with just these."""
    identify: Any = Accounts.identify

    async def identify_scoped(self: Accounts, token: str, *rest: Any, **options: Any) -> Identity:
        if not token.startswith(_SCOPED):
            return await identify(self, token, *rest, **options)
        user = (await identify(self, estate.token, *rest, **options)).user
        scopes: Any = frozenset(filter(None, token.removeprefix(_SCOPED).split("_")))
        return Identity(user, scopes, token_id=uuid.UUID(estate.ids["token_id"]))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Accounts, "identify", identify_scoped)
        yield


def _wanted(route: Route) -> Scope:
    return DEMANDS[str(route)].scope or ("read" if route.method in ("GET", "HEAD") else "build")


@pytest.mark.usefixtures("scoped")
@pytest.mark.parametrize("route", GUARDED, ids=str)
def test_a_token_does_only_what_its_scopes_say(
    client: httpx2.Client, estate: Estate, rows_of: RowsOf, route: Route
) -> None:
    before = rows_of(estate)
    others = [scope for scope in SCOPES if scope != _wanted(route)]
    for held in ([], *([scope] for scope in others), others):
        answer = _call(client, route, estate.ids, _bearer(_SCOPED + "_".join(held)))
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), held
    assert rows_of(estate) == before


@pytest.mark.usefixtures("scoped")
@pytest.mark.parametrize("route", [one for one in GUARDED if one.method == "GET"], ids=str)
def test_reading_changes_nothing(client: httpx2.Client, estate: Estate, rows_of: RowsOf, route: Route) -> None:
    assert _wanted(route) in ("read", "account", "admin")
    before = rows_of(estate)

    with client.stream("GET", route.address(estate.ids), headers=_bearer(f"{_SCOPED}{_wanted(route)}")) as answer:
        assert answer.status_code not in (401, 403, 405)
        if not route.streams:
            answer.read()

    # That a file was taken is noted.
    assert [row for row in rows_of(estate) if '"artifact.downloaded"' not in row[1]] == [
        row for row in before if '"artifact.downloaded"' not in row[1]
    ]


def test_what_is_about_the_account_or_for_admins_demands_just_that() -> None:
    account = ("/v1/account", "/v1/sessions", "/v1/tokens", "/v1/password")
    for route in GUARDED:
        if "/admin" in route.path and str(route) != CLAIM:
            assert DEMANDS[str(route)].scope == "admin", route
        elif route.path.startswith((*account, CLAIM.split()[1])) and str(route) not in (LOG_OUT, QUOTAS):
            assert DEMANDS[str(route)].scope == "account", route


@pytest.mark.parametrize(
    "route", [one for one in GUARDED if set(one.ids) & _WITHIN_PROJECTS and str(one) != UNDELETE], ids=str
)
def test_what_belongs_to_a_deleted_project_is_not_there(
    client: httpx2.Client, estate: Estate, rows_of: RowsOf, route: Route
) -> None:
    before = rows_of(estate)

    answer = _call(client, route, {**estate.ids, **estate.gone}, _bearer(estate.token))

    assert answer.status_code == 404
    assert rows_of(estate) == before
