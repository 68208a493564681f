"""`prompt2mesh users`: what the operator does to accounts, on the server itself; nobody need be signed in."""

import asyncio
import datetime as dt
import getpass
import json
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cloud.cli.asking import AnswerDisplay, JsonOption
from cloud.cli.cleanup import database_of
from cloud.cli.display import TerminalDisplay
from cloud.cli.guard import guarded
from cloud.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from cloud.accounts.links.links import MadeLink

_SHOWN_AT_MOST = 10_000
_PASSWORD_LIMIT_CHARS = 1_000

app = typer.Typer(
    help="Accounts, for the operator: works on DATABASE_URL, else on this machine's data folder.", no_args_is_help=True
)
NameArgument = Annotated[str, typer.Argument(help="The user's name.", metavar="NAME")]


@app.command("list")
def list_users(as_json: JsonOption = False) -> None:
    """List everybody who can sign in."""

    async def work(session: "AsyncSession") -> list[dict[str, Any]]:
        from cloud.accounts import queries

        return [
            {
                "id": str(user.id),
                "username": user.username,
                "is_admin": user.is_admin,
                "suspended": user.suspended_at is not None,
                "created_at": user.created_at.isoformat(),
            }
            for user in await queries.list_users(session, _SHOWN_AT_MOST)
        ]

    def tell(users: list[dict[str, Any]]) -> None:
        table = Table("name", "admin", "suspended", "since")
        for user in users:
            flags = ("yes" if user[name] else "" for name in ("is_admin", "suspended"))
            table.add_row(user["username"], *flags, user["created_at"][:10])
        Console().print(table)

    _on_database(as_json, work, tell)


@app.command("add")
def add_user(
    name: NameArgument,
    admin: Annotated[bool, typer.Option("--admin", help="Make an admin.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a user, whoever may sign up. The password is asked for without echo, or read from stdin."""
    password = _enter()

    async def work(session: "AsyncSession") -> dict[str, Any]:
        from cloud.accounts import operator

        kept = await operator.hash_of(password, name, Settings().password_least_chars)
        user = await operator.add_user(session, name, kept, is_admin=admin)
        return {"id": str(user.id), "username": user.username, "is_admin": user.is_admin}

    _on_database(as_json, work, lambda user: Console().print(f"{user['username']} can sign in."))


@app.command("make-admin")
def make_admin(name: NameArgument, as_json: JsonOption = False) -> None:
    """Make somebody an admin."""

    async def work(session: "AsyncSession") -> dict[str, Any]:
        from cloud.accounts import operator, queries

        user = await operator.find(session, name)
        await queries.make_admin(session, user, operator.OPERATOR)
        return {"id": str(user.id), "username": user.username, "is_admin": True}

    _on_database(as_json, work, lambda user: Console().print(f"{user['username']} is an admin."))


@app.command("invite")
def invite(
    days: Annotated[float, typer.Option(min=0.01, max=365, help="How long it can be used.")] = 7.0,
    note: Annotated[str, typer.Option(help="For whom it is.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Make a link with which one person can sign up. Hand it on yourself: the server sends no mail."""

    async def work(session: "AsyncSession") -> dict[str, Any]:
        from cloud.accounts.links import links
        from cloud.accounts.origin import OPERATOR

        lasts = dt.timedelta(days=days)
        return _shown(await links.make_link(session, "invite", lasts, made_by=None, origin=OPERATOR, note=note[:200]))

    _on_database(as_json, work, _tell_link)


@app.command("reset-link")
def reset_link(name: NameArgument, as_json: JsonOption = False) -> None:
    """Make a link with which a user sets a new password, within an hour. Hand it on to nobody else."""

    async def work(session: "AsyncSession") -> dict[str, Any]:
        from cloud.accounts import operator
        from cloud.accounts.links import links

        user = await operator.find(session, name)
        made = await links.make_link(
            session, "reset", links.RESET_LASTS, made_by=None, origin=operator.OPERATOR, user=user
        )
        return _shown(made)

    _on_database(as_json, work, _tell_link)


def _shown(link: "MadeLink") -> dict[str, Any]:
    url = link.url(Settings().public_url)
    return {"code": link.code, "url": url, "expires_at": link.row.expires_at.isoformat(timespec="seconds")}


def _tell_link(link: dict[str, Any]) -> None:
    where = link["url"] or f"the code {link['code']} (set P2M_PUBLIC_URL to get links)"
    Console(highlight=False).print(f"Until {link['expires_at']}, once: {where}", soft_wrap=True)


def _enter() -> str:
    """The password, never from the command line: other users can see that, and shells keep it."""
    if sys.stdin.isatty():
        return getpass.getpass("Password (not shown): ")
    return sys.stdin.readline(_PASSWORD_LIMIT_CHARS).rstrip("\r\n")


def _on_database(as_json: bool, work: Callable[["AsyncSession"], Awaitable[Any]], tell: Callable[[Any], None]) -> None:
    """Do the work in one transaction of the configured database and show what came of it."""
    settings = Settings()
    answers: list[Any] = []

    def body() -> int:
        answers.append(run_on_database(settings, work))
        return 0

    display = AnswerDisplay() if as_json else TerminalDisplay(console=Console(stderr=True, highlight=False))
    exit_code = guarded(display, settings, body)
    for answer in answers if exit_code == 0 else ():
        if as_json:
            sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
        else:
            tell(answer)
    raise typer.Exit(exit_code)


def run_on_database(settings: Settings, work: Callable[["AsyncSession"], Awaitable[Any]]) -> Any:
    """What the work returns, which is done in one transaction. Raises: Unavailable, and what the work raises."""
    # Here, as all commands share these modules' start, which should be fast.
    from cloud.db.engine import DATABASE_ERRORS, Database
    from cloud.errors import Unavailable

    async def run(url: str) -> Any:
        database = Database.connect(url, pool_size=1)
        try:
            async with database.sessions.begin() as session:
                return await work(session)
        finally:
            await database.aclose()

    try:
        with database_of(settings) as url:
            return asyncio.run(run(url))
    except DATABASE_ERRORS as error:
        raise Unavailable("The database does not answer, or has no tables; see `prompt2mesh migrate`.") from error
