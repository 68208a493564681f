"""`prompt2mesh admin`: who has an account, what they use, their quotas, their suspension, and what is at work.

On the machine of a local stack it acts as that stack's own user, who is its admin. Nothing that users make is shown.
"""

from collections.abc import Callable
from itertools import islice
from typing import Annotated
from uuid import UUID

import typer

from cloud.cli.admin_view import show_deployment, show_jobs, show_user, show_users
from cloud.cli.asking import JsonOption, ServerOption, TokenOption, answer_of_server
from cloud.cli.connection import Where
from cloud.errors import InvalidInput
from ui.api_client import ApiClient
from ui.quota_types import AdminJob, AdminUser, AdminUserDetail

_SHOWN_AT_MOST = 200
_USUAL = "usual"
_MOST_OF_ONE_KIND = 10**15

app = typer.Typer(
    help="For admins of the server: users and what they use, quotas, suspension, what is at work.", no_args_is_help=True
)

NameArgument = Annotated[str, typer.Argument(help="The user's exact name, or their id.", metavar="NAME")]
CountOption = Annotated[int, typer.Option("--most", help="Show so many at most.", min=1)]


@app.command("users")
def users(
    search: Annotated[str, typer.Argument(help="Only names that hold this, whatever its case.")] = "",
    suspended: Annotated[
        bool | None, typer.Option("--suspended/--active", help="Only suspended ones, or only others.")
    ] = None,
    most: CountOption = _SHOWN_AT_MOST,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """List accounts, newest first, with what each uses."""

    def work(client: ApiClient, _: object) -> list[AdminUser]:
        return list(islice(client.list_users(search, suspended=suspended), most))

    answer_of_server(Where(server, token), as_json, work, show_users)


@app.command("user")
def user(
    name: NameArgument, server: ServerOption = None, token: TokenOption = None, as_json: JsonOption = False
) -> None:
    """Show one account: its quotas with what is used of them, and how much it has."""
    _of_user(name, Where(server, token), as_json, lambda client, user_id: client.get_user(user_id))


@app.command("suspend")
def suspend(
    name: NameArgument,
    reason: Annotated[str, typer.Option("--for", help="Why; the user is told.", metavar="REASON")] = "",
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop a user within seconds: sign-ins, sessions, tokens, streams and jobs. What they have made stays."""
    _of_user(name, Where(server, token), as_json, lambda client, user_id: client.suspend_user(user_id, reason))


@app.command("restore")
def restore(
    name: NameArgument, server: ServerOption = None, token: TokenOption = None, as_json: JsonOption = False
) -> None:
    """Let a suspended user work again; their cancelled jobs stay cancelled."""
    _of_user(name, Where(server, token), as_json, lambda client, user_id: client.restore_user(user_id))


@app.command("quota")
def quota(
    name: NameArgument,
    day_jobs: Annotated[str | None, typer.Option(help="Jobs in 24 hours.", metavar="NUMBER")] = None,
    month_usd: Annotated[
        str | None, typer.Option(help="US dollars a month, of the server's key.", metavar="AMOUNT")
    ] = None,
    month_tokens: Annotated[
        str | None, typer.Option(help="Tokens a month, of the server's key.", metavar="NUMBER")
    ] = None,
    storage_mib: Annotated[str | None, typer.Option(help="MiB that may be kept.", metavar="NUMBER")] = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set quotas of a user's own, or show them. 0 is no limit; `usual` brings the server's own limit back."""
    said = {"day_jobs": day_jobs, "month_usd": month_usd, "month_tokens": month_tokens, "storage_mib": storage_mib}

    def work(client: ApiClient, user_id: str) -> AdminUserDetail:
        limits = {each: _limit(each, text) for each, text in said.items() if text is not None}
        return client.set_user_quotas(user_id, limits) if limits else client.get_user(user_id)

    _of_user(name, Where(server, token), as_json, work)


@app.command("jobs")
def jobs(
    state: Annotated[str | None, typer.Option(help="Only these: queued or running.", metavar="STATE")] = None,
    most: CountOption = _SHOWN_AT_MOST,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the jobs of all users that have not ended, newest first, without what they are about."""

    def work(client: ApiClient, _: object) -> list[AdminJob]:
        return list(islice(client.unfinished_jobs(state), most))

    answer_of_server(Where(server, token), as_json, work, show_jobs)


@app.command("totals")
def totals(server: ServerOption = None, token: TokenOption = None, as_json: JsonOption = False) -> None:
    """Show how many users and jobs there are, and the quotas of all together."""
    answer_of_server(Where(server, token), as_json, lambda client, _: client.deployment(), show_deployment)


def _of_user(name: str, where: Where, as_json: bool, work: Callable[[ApiClient, str], AdminUserDetail]) -> None:
    answer_of_server(where, as_json, lambda client, _: work(client, _id_of(client, name)), show_user)


def _id_of(client: ApiClient, name: str) -> str:
    """Raises: InvalidInput: nobody is named so. ClientError."""
    for found in client.list_users(name):
        if found["username"].casefold() == name.strip().casefold():
            return found["id"]
    try:
        return str(UUID(name))
    except ValueError:
        raise InvalidInput(f"There is no user named {name!r}; `prompt2mesh admin users` lists them.") from None


def _limit(name: str, text: str) -> float | None:
    """Raises: InvalidInput."""
    if text.strip().lower() == _USUAL:
        return None
    try:
        limit = float(text) if name == "month_usd" else int(text)
    except ValueError:
        limit = -1
    if not 0 <= limit <= _MOST_OF_ONE_KIND:
        option = name.replace("_", "-")
        raise InvalidInput(
            f"--{option} takes a number, 0 for no limit, or `{_USUAL}` for the server's own; not {text!r}."
        )
    return limit
