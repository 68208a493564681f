"""What people copy to connect their own agent: well-formed, the right address, the token only where it must be."""

import json
import shlex
from typing import Any

import pytest

from ui.mcp_clients import TOKEN_PLACEHOLDER, ClientSetup, mcp_clients

URL = "https://mesh.example.org"
TOKEN = "p2m_pat_something"


@pytest.fixture
def setups() -> dict[str, ClientSetup]:
    return {setup.client: setup for setup in mcp_clients(URL + "/", TOKEN)}


def _json(setup: ClientSetup) -> Any:
    assert setup.language == "json"
    return json.loads(setup.text)


def test_the_usual_clients_are_there_and_told_what_to_do(setups: dict[str, ClientSetup]) -> None:
    assert list(setups) == ["Claude Code", "Claude Desktop", "Cursor", "VS Code", "Other clients"]
    assert all(setup.how.endswith(".") and f"{URL}/mcp" in setup.text for setup in setups.values())


def test_claude_code_gets_one_command(setups: dict[str, ClientSetup]) -> None:
    words = shlex.split(setups["Claude Code"].text)
    assert words[:8] == ["claude", "mcp", "add", "--scope", "user", "--transport", "http", "prompt2mesh"]
    assert words[8:] == [f"{URL}/mcp", "--header", f"Authorization: Bearer {TOKEN}"]


def test_claude_desktop_starts_a_bridge_whose_arguments_have_no_spaces(setups: dict[str, ClientSetup]) -> None:
    server = _json(setups["Claude Desktop"])["mcpServers"]["prompt2mesh"]
    assert server["command"] == "npx"
    assert f"{URL}/mcp" in server["args"]
    assert not any(" " in argument for argument in server["args"])
    assert "--allow-http" not in server["args"]
    assert server["env"] == {"AUTH_HEADER": f"Bearer {TOKEN}"}


def test_cursor_and_others_send_the_header(setups: dict[str, ClientSetup]) -> None:
    for client in ("Cursor", "Other clients"):
        server = _json(setups[client])["mcpServers"]["prompt2mesh"]
        assert server["url"] == f"{URL}/mcp"
        assert server["headers"] == {"Authorization": f"Bearer {TOKEN}"}


def test_vs_code_asks_for_the_token_which_stands_in_no_file(setups: dict[str, ClientSetup]) -> None:
    written = _json(setups["VS Code"])
    (asked,) = written["inputs"]
    assert asked["password"]
    assert written["servers"]["prompt2mesh"]["headers"] == {"Authorization": f"Bearer ${{input:{asked['id']}}}"}
    assert TOKEN not in setups["VS Code"].text


def test_without_a_token_a_word_stands_for_it_and_plain_http_is_allowed_on_purpose() -> None:
    setups = {setup.client: setup for setup in mcp_clients("http://127.0.0.1:8000")}
    assert TOKEN_PLACEHOLDER in setups["Cursor"].text
    assert "--allow-http" in _json(setups["Claude Desktop"])["mcpServers"]["prompt2mesh"]["args"]
