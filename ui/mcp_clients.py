"""How one's own agent is connected by MCP: a text to copy for each of the usual clients. Draws nothing."""

import json
import shlex
from dataclasses import dataclass
from typing import Any

NAME = "prompt2mesh"
TOKEN_PLACEHOLDER = "YOUR_TOKEN"  # noqa: S105 - no token, but where one goes
_INPUT = "prompt2mesh-token"


@dataclass(frozen=True)
class ClientSetup:
    """What to do with `text`, which is in `language` (for highlighting): a command, or a file's content."""

    client: str
    how: str
    text: str
    language: str


def endpoint_of(api_url: str) -> str:
    """The address of MCP at an API."""
    return f"{api_url.rstrip('/')}/mcp"


def mcp_clients(api_url: str, token: str = TOKEN_PLACEHOLDER) -> list[ClientSetup]:
    """The setups for the API at this address, as the client's machine reaches it, with an API token.

    VS Code asks for the token itself, so that it stands in no file of a project.
    """
    url = endpoint_of(api_url)
    server = {"url": url, "headers": {"Authorization": f"Bearer {token}"}}
    return [
        ClientSetup(
            "Claude Code",
            "Run this once in a terminal; `/mcp` in Claude Code shows whether it is connected.",
            f"claude mcp add --scope user --transport http {NAME} {shlex.quote(url)} "
            f"--header {shlex.quote(f'Authorization: Bearer {token}')}",
            "bash",
        ),
        ClientSetup(
            "Claude Desktop",
            "Settings, Developer, Edit Config: put this into claude_desktop_config.json and start Claude anew. Needs "
            "Node.js: its npx starts a bridge, because that file takes only programs.",
            _pretty({"mcpServers": {NAME: _bridge(url, token)}}),
            "json",
        ),
        ClientSetup(
            "Cursor",
            "Put this into ~/.cursor/mcp.json (for all projects), then turn the server on in Cursor's settings.",
            _pretty({"mcpServers": {NAME: server}}),
            "json",
        ),
        ClientSetup(
            "VS Code",
            "Run “MCP: Open User Configuration” and put this in; VS Code asks for the token at the first start.",
            _pretty(_vs_code(url)),
            "json",
        ),
        ClientSetup(
            "Other clients",
            "Most take this form. MCP over streamable HTTP; the token goes into the header Authorization.",
            _pretty({"mcpServers": {NAME: {"type": "http", **server}}}),
            "json",
        ),
    ]


def _bridge(url: str, token: str) -> dict[str, Any]:
    # No space in the argument: on Windows it would be cut in two there. So the header's value is a variable.
    arguments = ["-y", "mcp-remote", url, "--transport", "http-only", "--header", "Authorization:${AUTH_HEADER}"]
    if url.startswith("http://"):
        arguments.append("--allow-http")
    return {"command": "npx", "args": arguments, "env": {"AUTH_HEADER": f"Bearer {token}"}}


def _vs_code(url: str) -> dict[str, Any]:
    asked = {"type": "promptString", "id": _INPUT, "description": "Prompt2Mesh API token", "password": True}
    headers = {"Authorization": f"Bearer ${{input:{_INPUT}}}"}
    return {"inputs": [asked], "servers": {NAME: {"type": "http", "url": url, "headers": headers}}}


def _pretty(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)
