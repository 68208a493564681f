"""`prompt2mesh connect` against the real API: what it prints lets an agent in."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from cloud.cli.commands import app
from tests.api.conftest import sign_in
from tests.conftest import RunningApi


@pytest.fixture(scope="module")
def signed_in(api: RunningApi) -> Iterator[httpx2.Client]:
    client = sign_in(api)
    yield client
    client.close()


def _connect(client: httpx2.Client, *arguments: str) -> Result:
    session = client.headers["Authorization"].removeprefix("Bearer ")
    where = {"P2M_SERVER": str(client.base_url).rstrip("/"), "P2M_TOKEN": session}
    return CliRunner().invoke(app, ["connect", *arguments], env=where)


def _tokens(client: httpx2.Client) -> list[dict[str, Any]]:
    return client.get("/v1/account/tokens").json()["items"]


def test_the_printed_header_lets_an_agent_in(signed_in: httpx2.Client) -> None:
    done = _connect(signed_in, "--for", "other-clients", "--days", "7")
    assert done.exit_code == 0, done.output
    server = json.loads(done.stdout)["mcpServers"]["prompt2mesh"]
    headers = server["headers"] | {"Accept": "application/json, text/event-stream"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    assert "run_python" in httpx2.post(server["url"], json=body, headers=headers).text
    token = _tokens(signed_in)[0]
    assert (token["name"], token["scopes"]) == ("MCP", ["read", "build"])


def test_all_clients_are_printed_and_no_token_is_made_unasked(signed_in: httpx2.Client) -> None:
    before = len(_tokens(signed_in))
    done = _connect(signed_in, "--no-token", "--json")
    assert [setup["client"] for setup in json.loads(done.stdout)][:2] == ["Claude Code", "Claude Desktop"]
    assert "YOUR_TOKEN" in done.stdout
    for wrong in (["--for", "emacs"], ["--may", "admin"]):
        assert _connect(signed_in, *wrong).exit_code != 0
    assert len(_tokens(signed_in)) == before
