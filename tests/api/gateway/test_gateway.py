"""Who gets in at `/mcp`, what they may, and what becomes of what they ask for: an API without a runner."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import psycopg
import pytest
from mcp import MCPError
from mcp_types import INVALID_PARAMS

from cloud.db.engine import libpq_url
from tests.api.conftest import PASSWORD
from tests.api.every_route import document_doors
from tests.api.gateway.conftest import Person, agent, make_token, said
from tests.blender.mcp_clients import ERAS, LEGACY
from tests.blender.test_mcp import tokens_at_most
from tests.conftest import RunningApi
from tests.jobs.conftest import until

READING = ["projects", "look", "inspect", "check", "lookup", "history", "parameters", "job", "download"]
ALL = ["projects", "run_python", *READING[1:7], "build", *READING[7:]]


@pytest.fixture(scope="module")
def ada(api: RunningApi) -> Person:  # pyright: ignore[reportIncompatibleMethodOverride]
    return Person.arrive(api)


@pytest.fixture(scope="module")
def eve(api: RunningApi) -> Person:
    return Person.arrive(api)


@pytest.fixture
def own(api: RunningApi) -> Person:
    """Somebody of this test's own."""
    return Person.arrive(api)


@pytest.fixture(scope="module")
def sql(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(libpq_url(database_url), autocommit=True) as connection:
        yield connection


def _headers(token: str, **others: str) -> dict[str, str]:
    kind = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    auth = {"Authorization": f"Bearer {token}"} if token else {}
    return kind | auth | {"MCP-Protocol-Version": LEGACY} | {name.replace("_", "-"): v for name, v in others.items()}


def _message(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def _list(api: RunningApi, token: str, **headers: str) -> httpx2.Response:
    return httpx2.post(f"{api.url}/mcp", json=_message("tools/list"), headers=_headers(token, **headers), timeout=30)


async def _call(person: Person, tool: str, token: str = "", **arguments: Any) -> tuple[str, bool]:
    async with agent(person.api, token or person.token) as client:
        result = await client.call_tool(tool, arguments)
    return said(result), bool(result.is_error)


@pytest.mark.parametrize("mode", ERAS)
async def test_all_tools_are_listed_in_few_tokens(ada: Person, mode: str) -> None:
    async with agent(ada.api, ada.token, mode) as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == ALL
    told = [{"name": t.name, "description": t.description, "input_schema": t.input_schema} for t in tools]
    assert tokens_at_most(json.dumps(told)) < 2_000
    for tool in tools:
        assert tool.annotations is not None
        assert tool.annotations.title
        needs_project = tool.name not in ("projects", "job")
        assert ("project" in tool.input_schema.get("required", [])) == needs_project


async def test_a_token_that_reads_sees_what_reads_and_changes_nothing(ada: Person) -> None:
    project, token = ada.project(), make_token(ada.web, "read")
    async with agent(ada.api, token) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == READING
    refused = "This API token has not the scope `build`; make one that has."
    for tool, arguments in (
        ("run_python", {"project": project, "code": "1"}),
        ("build", {"project": project, "prompt": "a chair"}),
        ("projects", {"action": "create", "name": "Mine"}),
        ("history", {"project": project, "action": "undo"}),
        ("parameters", {"project": project, "values": {"A": 1}}),
    ):
        assert await _call(ada, tool, token, **arguments) == (refused, True), tool
    assert ada.jobs(project) == []
    told, failed = await _call(ada, "projects", token, action="choose", name=project)
    assert not failed
    assert told.endswith("The scene is empty, and there are no steps.")


def test_strangers_get_a_challenge(api: RunningApi, ada: Person) -> None:
    for token in ("", "p2m_pat_nonsense", ada.token[:-1]):
        answer = _list(api, token)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for method in ("GET", "DELETE"):
        assert httpx2.request(method, f"{api.url}/mcp").status_code == 401


def test_a_session_in_a_cookie_does_not_count(api: RunningApi, own: Person) -> None:
    name = own.web.get("/v1/me").json()["username"]
    with httpx2.Client(base_url=api.url, headers={"Origin": api.url}) as browser:
        session = browser.post("/v1/sessions", json={"username": name, "password": PASSWORD, "cookie": True}).json()
        headers = _headers("") | {"X-CSRF-Token": session["csrf_token"]}
        answer = browser.post("/mcp", json=_message("tools/list"), headers=headers)
        assert browser.get("/v1/me").status_code == 200, "elsewhere it does"
    assert answer.status_code == 401
    assert "API token" in answer.json()["detail"]


@pytest.mark.parametrize("origin", ["https://evil.example", "http://evil.localhost:1", "null"])
def test_pages_of_others_are_kept_out(api: RunningApi, ada: Person, origin: str) -> None:
    answer = _list(api, ada.token, Origin=origin)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert _list(api, ada.token, Origin=api.url).status_code == 200


def test_the_endpoint_is_no_part_of_the_document(api: RunningApi, ada: Person) -> None:
    assert "/mcp" not in httpx2.get(f"{api.url}/openapi.json").json()["paths"]
    answer = httpx2.get(f"{api.url}/mcp", headers=_headers(ada.token))
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST, DELETE")
    demands = {door.method: door.demand.scope for door in document_doors() if door.path == "/mcp" and door.demand}
    assert demands == {"POST": "read", "GET": "read", "DELETE": "read"}


def test_a_request_is_at_most_a_mebibyte(api: RunningApi, ada: Person) -> None:
    body = json.dumps(_message("tools/call", name="run_python", arguments={"project": "x", "code": "#" * 2**20}))
    answer = httpx2.post(f"{api.url}/mcp", content=body, headers=_headers(ada.token), timeout=30)
    assert answer.status_code == 413
    assert "longer than 1 MiB" in answer.json()["error"]["message"]


async def test_projects_are_made_found_and_named_by_few_letters(own: Person) -> None:
    made, _ = await _call(own, "projects", action="create", name="Castle")
    short = made.split()[1]
    assert made == f"Project {short} is made, its scene is empty. Name it in each call."
    whole = own.web.get("/v1/projects").json()["items"][0]["id"]
    assert whole.startswith(short)
    assert await _call(own, "projects") == (f"{short}  Castle  (0 steps)", False)
    assert await _call(own, "projects", name="tower") == ("There are none; make one with action create.", False)
    for name in (short, whole, "Castle"):
        told, failed = await _call(own, "projects", action="choose", name=name)
        assert not failed
        assert told.startswith(f"Project {short}, 'Castle'")
    own.project("Castle")
    told, failed = await _call(own, "projects", action="choose", name="Castle")
    assert failed
    assert "the name of several projects" in told
    assert short in told


ELSEWHERE: list[tuple[str, dict[str, Any]]] = [
    ("run_python", {"code": "1"}),
    ("look", {}),
    ("inspect", {}),
    ("check", {}),
    ("lookup", {"query": "bevel"}),
    ("history", {}),
    ("history", {"action": "undo"}),
    ("history", {"action": "restore", "to": "empty"}),
    ("parameters", {}),
    ("parameters", {"values": {"A": 1}}),
    ("build", {"prompt": "a chair"}),
    ("download", {}),
]


async def test_what_is_somebody_elses_is_not_there(ada: Person, eve: Person) -> None:
    name = f"Secret {uuid.uuid4().hex}"
    theirs = ada.project(name)
    async with agent(eve.api, eve.token) as client:
        for tool, arguments in ELSEWHERE:
            for named in (theirs, theirs[:8], name):
                result = await client.call_tool(tool, {"project": named, **arguments})
                assert result.is_error, tool
                assert said(result) == f"There is no project {named!r} among yours; list them to see which there are."
    assert ada.jobs(theirs) == []


async def test_a_job_of_somebody_elses_is_not_there(ada: Person, eve: Person) -> None:
    project = ada.project()
    await _call(ada, "build", project=project, prompt="a chair", wait_s=0)
    job = ada.jobs(project)[0]["id"]
    for named in (job, job[:8]):
        for action in ("status", "cancel"):
            told, failed = await _call(eve, "job", id=named, action=action)
            assert failed
            assert told.startswith(f"There is no job {named!r} among yours")
    assert ada.jobs(project)[0]["state"] == "queued"


@asynccontextmanager
async def waiting_call(person: Person, project: str, mode: Any = "auto") -> AsyncIterator[tuple[Any, str]]:
    """A call that waits for a runner, and its job's id."""
    async with agent(person.api, person.token, mode) as client:
        call = asyncio.create_task(client.call_tool("inspect", {"project": project}))

        async def queued() -> Any:
            return await asyncio.to_thread(person.jobs, project)

        yield call, (await until(queued, 60))[0]["id"]
        call.cancel()
        await asyncio.wait([call])


def ended(person: Person, job: str) -> Any:
    async def is_cancelled() -> bool:
        answer = await asyncio.to_thread(person.web.get, f"/v1/jobs/{job}")
        return answer.json()["state"] == "cancelled"

    return is_cancelled


@pytest.mark.parametrize("mode", ERAS)
async def test_a_request_that_is_taken_back_cancels_its_job(ada: Person, mode: str) -> None:
    async with waiting_call(ada, ada.project(), mode) as (call, job):
        call.cancel()
        await until(ended(ada, job), 60)


async def test_any_process_hears_that_a_request_is_taken_back_and_only_from_who_sent_it(
    api: RunningApi, ada: Person, eve: Person
) -> None:
    project = ada.project()
    async with httpx2.AsyncClient(base_url=api.url, timeout=30) as http:

        async def session_of(person: Person) -> dict[str, str]:
            info = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}
            answer = await http.post("/mcp", json=_message("initialize", **info), headers=_headers(person.token))
            return _headers(person.token, Mcp_Session_Id=answer.headers["mcp-session-id"])

        mine, others, theirs = await session_of(ada), await session_of(ada), await session_of(eve)
        asked = _message("tools/call", name="inspect", arguments={"project": project})
        call = asyncio.create_task(http.post("/mcp", json=asked, headers=mine))

        async def queued() -> Any:
            return await asyncio.to_thread(ada.jobs, project)

        job = (await until(queued, 60))[0]["id"]
        back = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
        for headers in (others, theirs):
            assert (await http.post("/mcp", json=back, headers=headers)).status_code == 202
        stolen = _headers(eve.token, Mcp_Session_Id=mine["Mcp-Session-Id"])
        assert (await http.post("/mcp", json=back, headers=stolen)).status_code == 404
        assert ada.jobs(project)[0]["state"] == "queued"
        assert (await http.post("/mcp", json=back, headers=mine)).status_code == 202
        await until(ended(ada, job), 60)
        assert "The call was cancelled" in (await call).text


async def test_a_call_that_nobody_takes_is_handed_over_as_a_job(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.api.gateway.caller.PATIENCE_S", 0.2)
    project = ada.project()
    told, failed = await _call(ada, "look", project=project)
    job = ada.jobs(project)[0]["id"]
    assert (told, failed) == (f"Not done yet; it goes on as job {job[:8]}: wait for it with `job`.", False)
    assert (await _call(ada, "job", id=job[:8], wait_s=0))[0].startswith(f"Job {job[:8]} (call) is queued")
    assert (await _call(ada, "job", id=job, action="cancel"))[1] is False
    assert await _call(ada, "job", id=job) == ("The call was cancelled; the scene is as it was.", True)
    assert "has already ended" in (await _call(ada, "job", id=job, action="cancel"))[0]


async def test_a_busy_scene_is_not_moved(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.api.gateway.waits.PATIENCE_S", 0.2)
    project = ada.project()
    await _call(ada, "build", project=project, prompt="a chair", wait_s=0)
    told, failed = await _call(ada, "history", project=project, action="undo")
    assert failed
    assert told == "A job is at work on this scene; cancel it or wait for its end, then try again."


async def test_who_is_suspended_meanwhile_waits_no_longer_and_gets_in_no_more(
    api: RunningApi, own: Person, sql: psycopg.Connection
) -> None:
    async with waiting_call(own, own.project()) as (call, _):
        name = own.web.get("/v1/me").json()["username"]
        sql.execute("UPDATE users SET suspended_at = now() WHERE username = %s", [name])
        result = await asyncio.wait_for(asyncio.shield(call), 30)
        assert result.is_error
        assert said(result).startswith("Your access has ended meanwhile")
    answer = _list(api, own.token)
    assert (answer.status_code, answer.json()["code"]) == (403, "account_suspended")


async def test_a_call_counts_against_the_jobs_of_the_day(own: Person, sql: psycopg.Connection) -> None:
    name = own.web.get("/v1/me").json()["username"]
    sql.execute("UPDATE users SET day_job_limit = 1 WHERE username = %s", [name])
    project = own.project()
    assert (await _call(own, "build", project=project, prompt="a chair", wait_s=0))[1] is False
    told, failed = await _call(own, "inspect", project=project)
    assert failed
    assert told.startswith("Your 1 jobs in 24 hours are used up")
    assert len(own.jobs(project)) == 1


HOSTILE = {
    "no project": ("inspect", {}, "'project' is missing"),
    "a number for a name": ("inspect", {"project": 7}, "'project'"),
    "an argument of nobody": ("inspect", {"project": "x", "shell": "rm"}, "there is no argument 'shell'"),
    "NUL": ("inspect", {"project": "a\0b"}, "There is no project"),
    "SQL": ("projects", {"action": "choose", "name": "%' OR 1=1 --"}, "There is no project"),
    "wildcards": ("projects", {"action": "choose", "name": "________"}, "There is no project"),
    "a long name": ("projects", {"action": "create", "name": "x" * 201}, "name"),
    "a control character": ("projects", {"action": "create", "name": "a\nb"}, "control character"),
    "a job of nobody": ("job", {"id": "0" * 36}, "There is no job"),
    "a wait for ever": ("job", {"id": "x", "wait_s": 10**9}, "'wait_s'"),
    "another action": ("history", {"project": "x", "action": "drop"}, "'action'"),
    "a tool of the pod's that is not here": ("export", {"project": "x", "format": "glb"}, ""),
}


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.replace(" ", "_"))
async def test_nonsense_is_refused_in_a_sentence(ada: Person, case: str) -> None:
    tool, arguments, words = HOSTILE[case]
    body = json.dumps(_message("tools/call", name=tool, arguments=arguments))
    async with httpx2.AsyncClient(base_url=ada.api.url, timeout=30) as http:
        answer = await http.post("/mcp", content=body, headers=_headers(ada.token))
    assert answer.status_code == 200
    said_ = json.loads(answer.text.partition("data: ")[2])
    if tool == "export":
        assert said_["error"]["code"] == INVALID_PARAMS
        return
    assert said_["result"]["isError"]
    assert words in said_["result"]["content"][0]["text"]


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "7", '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "\\ud800"}}']
)
def test_what_is_no_message_is_a_bad_request(api: RunningApi, ada: Person, body: str) -> None:
    answer = httpx2.post(f"{api.url}/mcp", content=body, headers=_headers(ada.token))
    assert answer.status_code == 400
    assert "error" in answer.json()


async def test_a_tool_that_is_not_there_is_a_protocol_error(ada: Person) -> None:
    async with agent(ada.api, ada.token) as client:
        with pytest.raises(MCPError, match="There is no tool 'snapshots'"):
            await client.call_tool("snapshots", {})
