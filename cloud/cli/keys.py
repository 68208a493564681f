"""`prompt2mesh key`: one's own Claude key; and `rotate-keys`, for operators."""

import asyncio
import contextlib
import getpass
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from cloud.cli.asking import AnswerDisplay, JsonOption, ServerOption, TokenOption
from cloud.cli.cleanup import database_of
from cloud.cli.connection import Stopwatch, Where, connect
from cloud.cli.display import Display, TerminalDisplay
from cloud.cli.guard import guarded
from cloud.errors import Unavailable
from cloud.settings import Settings
from ui.api_client import ApiClient
from ui.api_types import ModelKey

if TYPE_CHECKING:
    from cloud.accounts.rotation.rotation import Rotated

_KEY_LIMIT_CHARS = 2_000

app = typer.Typer(help="Your own Claude key: kept encrypted by the server, never shown again.", no_args_is_help=True)


@app.command("set")
def set_key(server: ServerOption = None, token: TokenOption = None, as_json: JsonOption = False) -> None:
    """Enter a key: asked for without echo, or read from stdin (`prompt2mesh key set < file`). It is tested first."""
    entered = _enter()
    _with_client(Where(server, token, keep=False), as_json, lambda client: client.set_model_key(entered), _tell)


@app.command("show")
def show_key(server: ServerOption = None, token: TokenOption = None, as_json: JsonOption = False) -> None:
    """Tell whether there is a key, and its last characters."""
    _with_client(Where(server, token, keep=False), as_json, lambda client: client.model_key(), _tell)


@app.command("remove")
def remove_key(server: ServerOption = None, token: TokenOption = None, as_json: JsonOption = False) -> None:
    """Forget the key. Jobs use the server's own from then on, if it has one."""
    _with_client(Where(server, token, keep=False), as_json, lambda client: client.remove_model_key(), _tell)


def rotate_keys(as_json: JsonOption = False) -> None:
    """Encrypt anew whatever is kept encrypted, with the first of P2M_SECRET_KEYS.

    Put the new key in front of the old one, with a comma, and restart every process: both are live then. Run this,
    as often as you like, while the others work. Once it finds nothing more to do, drop the old key and restart.
    On one machine without that setting the keys are in the file `secret-keys` of the data folder.
    """
    # Here, as all commands share these modules' start, which should be fast.
    from cloud.accounts.rotation.rotation import Rotated, rotate
    from cloud.accounts.secrets import Safe
    from cloud.db.engine import DATABASE_ERRORS, Database
    from cloud.stack.secret_keys import ensure_secret_keys

    settings = Settings()
    done: list[Rotated] = []

    async def reseal(url: str, safe: Safe) -> None:
        database = Database.connect(url, pool_size=1)
        try:
            done.extend(await rotate(database.sessions.begin, safe))
        except DATABASE_ERRORS as error:
            raise Unavailable("The database does not answer; run this again, it goes on where it was.") from error
        finally:
            await database.aclose()

    def body() -> int:
        own = settings.secret_keys
        safe = Safe.of_setting(own.get_secret_value() if own else ensure_secret_keys(settings.data_dir))
        with database_of(settings) as url:
            asyncio.run(reseal(url, safe))
        return 1 if any(each.unreadable for each in done) else 0

    exit_code = guarded(_display(as_json), settings, body)
    if done:
        _tell_rotated(done, as_json=as_json)
    raise typer.Exit(exit_code)


def _tell_rotated(done: "list[Rotated]", *, as_json: bool) -> None:
    sums = {
        "encrypted_anew": sum(each.encrypted_anew for each in done),
        "up_to_date": sum(each.up_to_date for each in done),
        "unreadable": sum(each.unreadable for each in done),
    }
    if as_json:
        sys.stdout.write(json.dumps({**sums, "tables": [asdict(each) for each in done]}) + "\n")
        return
    console = Console(highlight=False)
    for each in done:
        told = f"{each.table}: {each.encrypted_anew} encrypted anew, {each.up_to_date} were already"
        console.print(told + (f", {each.unreadable} could not be read" if each.unreadable else ""), markup=False)
    if sums["unreadable"]:
        console.print("What could not be read is left as it is: put back the key that it needs, or enter it again.")
    else:
        console.print("Everything is encrypted with the first key; the others can be dropped.")


def _enter() -> str:
    """The key, never from the command line: other users can see that, and shells keep it."""
    if sys.stdin.isatty():
        return getpass.getpass("Claude key (not shown): ")
    return sys.stdin.read(_KEY_LIMIT_CHARS)


def _with_client(
    where: Where, as_json: bool, work: Callable[[ApiClient], ModelKey | None], tell: Callable[[ModelKey | None], None]
) -> None:
    settings = Settings()
    answers: list[Any] = []
    display = _display(as_json)

    def body() -> int:
        where.check()
        with contextlib.ExitStack() as held:
            answers.append(work(connect(held, where, settings, display, Stopwatch())))
        return 0

    exit_code = guarded(display, settings, body)
    for answer in answers if exit_code == 0 else ():
        if as_json:
            sys.stdout.write(json.dumps(answer) + "\n")
        else:
            tell(answer)
    raise typer.Exit(exit_code)


def _display(as_json: bool) -> Display:
    return AnswerDisplay() if as_json else TerminalDisplay(console=Console(stderr=True, highlight=False))


def _tell(key: ModelKey | None) -> None:
    if key is None:
        Console().print("There is no key of your own.")
        return
    tested = "tested" if key["tested_at"] else "not tested: its server lists no models"
    Console(highlight=False).print(f"Your key ends in …{key['hint']} ({tested}); jobs are billed to its account.")
