"""`prompt2mesh key`: one's own Claude key; and `rotate-keys`, for operators."""

import asyncio
import contextlib
import getpass
import json
import sys
from collections.abc import Callable
from typing import Any

import typer
from rich.console import Console

from cloud.cli.asking import AnswerDisplay, JsonOption, ServerOption, TokenOption
from cloud.cli.cleanup import database_of
from cloud.cli.connection import Stopwatch, Where, connect
from cloud.cli.display import Display, TerminalDisplay
from cloud.cli.guard import guarded
from cloud.settings import Settings
from ui.api_client import ApiClient
from ui.api_types import ModelKey

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
    """Encrypt users' Claude keys anew with the first of P2M_SECRET_KEYS; the others may be dropped afterwards.

    On one machine without that setting the keys are in the file `secret-keys` of the data folder.
    """
    # Here, as all commands share these modules' start, which should be fast.
    from cloud.accounts.model_keys.keys import ModelKeys
    from cloud.accounts.secrets import Safe
    from cloud.db.engine import Database
    from cloud.stack.secret_keys import ensure_secret_keys

    settings = Settings()
    done: dict[str, int] = {}

    async def reseal(url: str, keys: ModelKeys) -> None:
        database = Database.connect(url, pool_size=1)
        try:
            async with database.sessions() as session, session.begin():
                done["encrypted_anew"], done["unreadable"] = await keys.reseal_all(session)
        finally:
            await database.aclose()

    def body() -> int:
        own = settings.secret_keys
        keys = ModelKeys(Safe.of_setting(own.get_secret_value() if own else ensure_secret_keys(settings.data_dir)))
        with database_of(settings) as url:
            asyncio.run(reseal(url, keys))
        return 1 if done["unreadable"] else 0

    exit_code = guarded(_display(as_json), settings, body)
    if done and as_json:
        sys.stdout.write(json.dumps(done) + "\n")
    elif done:
        lost = f"; {done['unreadable']} could not be read, and their users must enter them again"
        Console().print(f"{done['encrypted_anew']} keys encrypted anew{lost if done['unreadable'] else ''}.")
    raise typer.Exit(exit_code)


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
