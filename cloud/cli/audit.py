"""`prompt2mesh admin audit` and `prompt2mesh audit`: who did what that may have to be accounted for."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cloud.cli.asking import JsonOption, ServerOption, TokenOption, answer_of_server
from cloud.cli.connection import Where
from cloud.cli.display import Display, plain
from cloud.errors import InvalidInput
from ui.api_client import ApiClient
from ui.audit_calls import AuditEntry

_SHOWN = 50

ActionOption = Annotated[
    str, typer.Option(help="Only this act (token.created), or acts of this kind (token.).", metavar="ACT")
]
CountOption = Annotated[int, typer.Option("--most", help="Show so many at most.", min=1)]
FileOption = typer.Option(help="Write all of them to this file instead.", metavar="FILE", dir_okay=False)


def own_audit_command(
    action: ActionOption = "",
    most: CountOption = _SHOWN,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was done with your account and by whom, newest first: sign-ins, keys, tokens, downloads."""

    def work(client: ApiClient, _: object) -> list[AuditEntry]:
        return list(islice(client.own_audit(action), most))

    answer_of_server(Where(server, token), as_json, work, _show)


def audit_command(
    actor: Annotated[str, typer.Option(help="Only what the user with this id did.", metavar="ID")] = "",
    action: ActionOption = "",
    subject: Annotated[str, typer.Option(help="Only what was done to this: user:<id>.", metavar="KIND:ID")] = "",
    since: Annotated[str, typer.Option(help="Only from this time (UTC) on: 2026-11-01 or longer.")] = "",
    until: Annotated[str, typer.Option(help="Only before this time (UTC).")] = "",
    most: CountOption = _SHOWN,
    csv: Annotated[Path | None, FileOption] = None,
    jsonl: Annotated[Path | None, FileOption] = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the audit log of the whole server, newest first, or write it to a file, oldest first.

    Entries are kept for ever. Writing them to a file is itself noted there.
    """
    given = {"actor": actor, "action": action, "subject": subject, "since": since, "until": until}
    wanted = {name: value for name, value in given.items() if value}

    def work(client: ApiClient, display: Display) -> list[AuditEntry]:
        if csv and jsonl:
            raise InvalidInput("Name one file: --csv or --jsonl.")
        if csv:
            client.export_audit(csv.absolute(), "csv", wanted)
        elif jsonl:
            client.export_audit(jsonl.absolute(), "jsonl", wanted)
        else:
            return list(islice(client.audit(wanted), most))
        display.note(f"the log is in {csv or jsonl}")
        return []

    answer_of_server(Where(server, token), as_json, work, _nothing if csv or jsonl else _show)


def _nothing(_console: Console, _found: Sequence[AuditEntry]) -> None: ...


def _show(console: Console, found: Sequence[AuditEntry]) -> None:
    if not found:
        console.print("There are no such entries.")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in ("when (UTC)", "act", "by", "to", "from", "more"):
        table.add_column(head, overflow="fold")
    for each in found:
        origin = " ".join(filter(None, (each["address"], each["device"])))
        more = ", ".join(f"{name}: {value}" for name, value in each["details"].items())
        cells: list[Any] = [each["at"][:19].replace("T", " "), each["action"], each["actor_name"] or "–"]
        table.add_row(*(plain(cell) for cell in [*cells, each["subject"], origin, more]))
    console.print(table)
