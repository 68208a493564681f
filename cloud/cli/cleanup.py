"""`prompt2mesh cleanup`: one clean-up now, for operators, and what it freed."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from cloud.errors import Conflict, InvalidInput, Prompt2MeshError, Unavailable
from cloud.settings import Settings

if TYPE_CHECKING:
    from cloud.jobs.retention.cleanup import Freed

EXIT_FAILED, EXIT_BAD_INPUT = 1, 2


def cleanup(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count; change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")] = False,
) -> None:
    """Free what nobody needs any more: overdue deleted projects, expired rows, files that nothing refers to.

    Runners do the same every hour. A file is set aside first, and deleted by a clean-up an hour later.
    """
    # Here, as all commands share these modules' start, which should be fast.
    from cloud.db.engine import DATABASE_ERRORS
    from cloud.jobs.retention.cleanup import clean_up_once

    settings = Settings()
    console = Console(highlight=False)
    try:
        with database_of(settings) as url:
            freed = asyncio.run(clean_up_once(settings, url, dry_run=dry_run))
    except (Prompt2MeshError, *DATABASE_ERRORS) as error:
        ours = isinstance(error, Prompt2MeshError)
        known = error if ours else Unavailable("The database does not answer, or has no tables; see `migrate`.")
        if as_json:
            sys.stdout.write(json.dumps({"error": {"code": known.code, "message": str(known)}}) + "\n")
        else:
            Console(stderr=True, highlight=False).print(f" ✗ {known}", style="bold red", soft_wrap=True)
        raise typer.Exit(EXIT_BAD_INPUT if isinstance(known, Conflict | InvalidInput) else EXIT_FAILED) from error
    if as_json:
        sys.stdout.write(json.dumps({"dry_run": dry_run, **asdict(freed)}) + "\n")
    else:
        console.print(_table(freed))
        if dry_run:
            console.print("Nothing was changed (--dry-run).", style="dim")


@contextlib.contextmanager
def database_of(settings: Settings) -> Iterator[str]:
    """The database that is configured; else that of this machine's data folder, started if it does not run."""
    from cloud.db.embedded import DatabaseInUse, EmbeddedPostgres, url_of_running
    from cloud.db.migrate import upgrade

    if settings.database_url:
        yield settings.database_url
        return
    server = EmbeddedPostgres(settings.data_dir / "postgres")
    try:
        server.start()
    except DatabaseInUse:
        yield url_of_running(settings.data_dir / "postgres")
        return
    try:
        upgrade(server.url)
        yield server.url
    finally:
        server.stop()


def _table(freed: "Freed") -> Table:
    from cloud.jobs.retention.space import size_text

    table = Table.grid(padding=(0, 2))
    for what, count, size_bytes in (
        ("deleted projects purged", freed.projects, None),
        ("idempotency keys dropped", freed.idempotency_keys, None),
        ("ended sessions dropped", freed.sessions, None),
        ("ended device sign-ins dropped", freed.device_sign_ins, None),
        ("ended API tokens dropped", freed.api_tokens, None),
        ("ended share links dropped", freed.shares, None),
        ("one-time links dropped", freed.one_time_links, None),
        ("counts of failed sign-ins dropped", freed.sign_in_failures, None),
        ("empty batches dropped", freed.batches, None),
        ("models of old steps dropped", freed.step_models, None),
        ("old reports of deleted accounts dropped", freed.deletion_reports, None),
        ("unreferenced files set aside for an hour", freed.objects_set_aside, freed.bytes_set_aside),
        ("set-aside files brought back", freed.objects_brought_back, None),
        ("set-aside files deleted", freed.objects_deleted, freed.bytes_deleted),
    ):
        table.add_row(what, str(count), "" if size_bytes is None else size_text(size_bytes))
    if freed.unreadable_folders:
        table.add_row("folders that could not be listed", str(freed.unreadable_folders), "see the log", style="yellow")
    return table
