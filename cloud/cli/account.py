"""`prompt2mesh token` and `prompt2mesh sessions`: one's API tokens, and where one is signed in."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from cloud.cli import credentials
from cloud.cli.asking import JsonOption, ServerOption, TokenOption, answer_of_server
from cloud.cli.connection import Where
from cloud.cli.display import plain
from cloud.cli.tables import table_of
from cloud.errors import InvalidInput
from ui.account_types import ApiToken, NewApiToken, SignedInClient
from ui.api_client import ApiClient

_SHORT_ID_CHARS = 8
_DEFAULT_DAYS = 90
_SCOPES = ("read", "build")

app = typer.Typer(help="Tokens for scripts: limited in what they may do, shown once, revocable.", no_args_is_help=True)

Item = TypeVar("Item", ApiToken, SignedInClient)


@app.command("create")
def create_token(
    name: Annotated[str, typer.Argument(help="What it is for.", metavar="NAME")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="read, build or admin; may be repeated. [default: read and build]", metavar="SCOPE"),
    ] = None,
    days: Annotated[int, typer.Option(help="It expires after so many days; 0: never.", min=0)] = _DEFAULT_DAYS,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token. It alone is written to stdout, now and never again."""

    def work(client: ApiClient, _: object) -> NewApiToken:
        return client.make_api_token(name, scope or _SCOPES, days or None)

    def tell(console: Console, made: NewApiToken) -> None:
        until = f"until {made['expires_at'][:10]}" if made["expires_at"] else "until it is revoked"
        note = f"The token may {' and '.join(made['scopes'])}, {until}. Keep it: it is not shown again."
        Console(stderr=True, highlight=False).print(note, style="dim", soft_wrap=True)
        console.print(made["token"], soft_wrap=True, markup=False)

    answer_of_server(Where(server, token), as_json, work, tell)


@app.command("list")
def list_tokens(server: ServerOption = None, token: TokenOption = None, as_json: JsonOption = False) -> None:
    """Show your tokens: what they may do, when they were used last, and when they end."""

    def tell(console: Console, found: list[ApiToken]) -> None:
        if not found:
            console.print("There are no API tokens.")
            return
        rows = [
            (
                each["id"][:_SHORT_ID_CHARS],
                each["name"],
                f"…{each['hint']}",
                ", ".join(each["scopes"]),
                _day(each["last_used_at"], "never"),
                _day(each["expires_at"], "never"),
            )
            for each in found
        ]
        console.print(table_of(("id", "name", "ends in", "may", "last used", "expires"), rows))

    answer_of_server(Where(server, token), as_json, lambda client, _: list(client.api_tokens()), tell)


@app.command("revoke")
def revoke_token(
    named: Annotated[str, typer.Argument(help="The token's id, its beginning, or its exact name.", metavar="ID|NAME")],
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a token, at once."""

    def work(client: ApiClient, _: object) -> dict[str, Any]:
        found = list(client.api_tokens())
        one = _one_of(found, named, [each for each in found if each["name"] == named], "token")
        client.revoke_api_token(one["id"])
        return {"revoked": one["id"], "name": one["name"]}

    def tell(console: Console, done: dict[str, Any]) -> None:
        console.print(f"The token {plain(done['name']).plain!r} is revoked.", markup=False)

    answer_of_server(Where(server, token), as_json, work, tell)


def sessions_command(
    end: Annotated[
        str | None,
        typer.Option(help="Sign out: a session's id, `others`, or `all`.", metavar="ID|others|all"),
    ] = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where you are signed in, or sign out there."""

    def work(client: ApiClient, _: object) -> list[SignedInClient]:
        before = list(client.sessions())
        if end in ("others", "all"):
            client.end_sessions("others" if end == "others" else "all")
        elif end is not None:
            client.end_session(_one_of(before, end, [], "session")["id"])
        else:
            return before
        is_out = end == "all" or any(each["is_current"] and each["id"].startswith(end) for each in before)
        if is_out and server and not token:
            credentials.forget(server)
        return [] if is_out else list(client.sessions())

    def tell(console: Console, found: list[SignedInClient]) -> None:
        if not found:
            console.print("You are signed out.")
            return
        rows = [
            (
                each["id"][:_SHORT_ID_CHARS] + (" (this one)" if each["is_current"] else ""),
                each["client"],
                each["device"],
                each["address"],
                _day(each["created_at"], ""),
                _day(each["last_used_at"], ""),
            )
            for each in found
        ]
        console.print(table_of(("id", "client", "device", "from", "signed in", "last used"), rows))

    answer_of_server(Where(server, token), as_json, work, tell)


def _one_of(items: Sequence[Item], named: str, by_name: Sequence[Item], noun: str) -> Item:
    """The one with this id, or the only one whose id begins so, or that is named so. Raises: InvalidInput."""
    begins = [each for each in items if each["id"].startswith(named.lower()) and len(named) >= _SHORT_ID_CHARS]
    found = begins or by_name
    if len(found) == 1:
        return found[0]
    what = f"Several {noun}s go by {named!r}" if found else f"There is no {noun} {named!r}"
    raise InvalidInput(f"{what}; name it by its id, from the list.")


def _day(moment: str | None, otherwise: str) -> str:
    return moment[:16].replace("T", " ") if moment else otherwise
