"""`prompt2mesh account`: take all one's data home, give the account up, and see what became of it."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cloud.cli import credentials
from cloud.cli.asking import JsonOption, ServerOption, TokenOption, answer_of_server
from cloud.cli.connection import Where
from cloud.cli.display import Display, plain
from cloud.errors import Conflict, InvalidInput
from cloud.settings import Settings
from ui.account_types import Deletion
from ui.api_client import ApiClient

_SOON_S, _POLL_S = 60.0, 0.5

app = typer.Typer(help="Your account as a whole: export it, or delete it.", no_args_is_help=True)


@app.command("export")
def export_account(
    file: Annotated[Path, typer.Argument(help="The zip to write; it must not be there yet.", metavar="FILE.zip")],
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write all that the server keeps of you into one zip; its README.txt tells what is where."""

    def work(client: ApiClient, display: Display) -> dict[str, str | int]:
        if file.exists():
            raise Conflict(f"The file {str(file)!r} is there already; name another one.")
        display.note("collecting everything")
        return {"file": str(file), "bytes": client.export_account(file.absolute())}

    def tell(console: Console, done: dict[str, str | int]) -> None:
        console.print(f"{done['file']} holds all that is kept of you: {done['bytes']:,} bytes.", markup=False)

    answer_of_server(Where(server, token), as_json, work, tell)


@app.command("delete")
def delete_account(
    confirm: Annotated[
        str | None, typer.Option(help="Your user name, instead of being asked for it.", metavar="USERNAME")
    ] = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete the account with all that is in it, for good. The password is asked for, or read from stdin."""

    def work(client: ApiClient, display: Display) -> Deletion:
        user = client.me()
        local = _local_password(server, token)
        with display.paused():
            named = confirm or _ask(f"Type your user name ({user['username']}) to delete the account", hidden=False)
            password = local
            if local is None and user.get("has_password", True):
                password = _ask("Password", hidden=True)
        deletion = client.delete_account(named, password)
        if server and not token:
            credentials.forget(server)
        if local is not None:
            _local_file().unlink(missing_ok=True)
        display.note("deleting")
        return _followed(client, deletion)

    answer_of_server(Where(server, token), as_json, work, _tell)


@app.command("deletion")
def show_deletion(
    report: Annotated[str, typer.Argument(help="The number that `account delete` told.", metavar="REPORT")],
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how far the deletion of an account is, and what was deleted. Needs no sign-in."""
    # A token that is none: nobody signs in for this, and a local user who was deleted is not made anew.
    answer_of_server(Where(server, "none"), as_json, lambda client, _: client.deletion(report), _tell)


def _followed(client: ApiClient, deletion: Deletion) -> Deletion:
    """The deletion once nothing but files is left to go, or after a minute."""
    deadline = time.monotonic() + _SOON_S
    while deletion["state"] not in ("waiting", "finished") and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        deletion = client.deletion(deletion["report_id"])
    return deletion


def _tell(console: Console, deletion: Deletion) -> None:
    rows = ", ".join(f"{count} {table}" for table, count in deletion["rows"].items())
    if deletion["state"] == "finished":
        console.print("The account is deleted; nothing of it is left.", style="bold")
    else:
        console.print(
            "The account is closed. What is left of it goes within the hour, while the server runs.", style="bold"
        )
        console.print(f"Ask how far it is: prompt2mesh account deletion {deletion['report_id']}", soft_wrap=True)
    console.print(plain(f"Deleted so far: {rows or 'nothing yet'}."), soft_wrap=True)


def _ask(question: str, *, hidden: bool) -> str:
    """What somebody types, or the next line of stdin. Raises: InvalidInput: there is none."""
    if sys.stdin.isatty():
        return typer.prompt(question, hide_input=hidden, err=True)
    line = sys.stdin.readline().rstrip("\n")
    if not line:
        raise InvalidInput(f"{question}: nobody is there to be asked; give it on stdin.")
    return line


def _local_password(server: str | None, token: str | None) -> str | None:
    """That of the data folder's own user, which nobody has ever typed; None: it is somebody else who asks."""
    if server or token:
        return None
    return json.loads(_local_file().read_text())["password"]


def _local_file() -> Path:
    return Settings().data_dir / "local-user.json"
