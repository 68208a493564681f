"""`prompt2mesh connect`: how one's own agent (Claude Code, Cursor, …) is connected by MCP, ready to copy."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console

from cloud.cli.asking import JsonOption, ServerOption, TokenOption, answer_of_server
from cloud.cli.connection import Where
from cloud.errors import InvalidInput
from ui.api_client import ApiClient
from ui.mcp_clients import TOKEN_PLACEHOLDER, ClientSetup, mcp_clients

_DEFAULT_DAYS = 90
_SCOPES = {"build": ("read", "build"), "read": ("read",)}


def connect_command(
    client: Annotated[
        str | None,
        typer.Option("--for", help="Only this client: claude-code, claude-desktop, cursor, vs-code or other-clients."),
    ] = None,
    may: Annotated[
        str, typer.Option(help="What the agent may do: build, or read alone.", metavar="build|read")
    ] = "build",
    days: Annotated[int, typer.Option(help="Its token expires after so many days; 0: never.", min=0)] = _DEFAULT_DAYS,
    make_token: Annotated[
        bool, typer.Option("--make-token/--no-token", help="Make a token for it, or leave its place open.")
    ] = True,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let your own agent work in your Blender by MCP: make a token for it and print what to copy."""

    def work(api: ApiClient, _: object) -> list[dict[str, Any]]:
        if may not in _SCOPES:
            raise InvalidInput("--may is build or read.")
        _chosen(mcp_clients(api.base_url), client)  # before a token is made for nothing
        made = api.make_api_token("MCP", _SCOPES[may], days or None)["token"] if make_token else TOKEN_PLACEHOLDER
        return [asdict(setup) for setup in _chosen(mcp_clients(api.base_url, made), client)]

    def tell(console: Console, setups: list[dict[str, Any]]) -> None:
        notes = Console(stderr=True, highlight=False)
        for setup in setups:
            notes.print(f"\n{setup['client']}", style="bold", markup=False)
            notes.print(setup["how"], style="dim", markup=False, soft_wrap=True)
            console.print(setup["text"], markup=False, soft_wrap=True)
        if make_token:
            said = "The token is not shown again; `prompt2mesh token revoke MCP` ends it."
            notes.print(f"\n{said}", style="dim", markup=False)

    answer_of_server(Where(server, token), as_json, work, tell)


def _chosen(setups: list[ClientSetup], named: str | None) -> list[ClientSetup]:
    """All, or the one of that name. Raises: InvalidInput."""
    if named is None:
        return setups
    by_name = {setup.client.lower().replace(" ", "-"): setup for setup in setups}
    if named.lower() not in by_name:
        raise InvalidInput(f"There is no client {named!r} here; there are: {', '.join(by_name)}.")
    return [by_name[named.lower()]]
