"""The commands of `prompt2mesh` and their options."""

import os
import sys
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from cloud.cli.account import app as token_app
from cloud.cli.account import sessions_command
from cloud.cli.admin import app as admin_app
from cloud.cli.artifacts import copy_artifacts
from cloud.cli.audit import audit_command, own_audit_command
from cloud.cli.cleanup import cleanup
from cloud.cli.connect import connect_command
from cloud.cli.diagnosis import show_findings
from cloud.cli.download import download_command
from cloud.cli.guard import EXIT_BAD_INPUT, EXIT_FAILED
from cloud.cli.history import app as history_app
from cloud.cli.keys import app as key_app
from cloud.cli.keys import rotate_keys
from cloud.cli.local_stack import stop_local_stack
from cloud.cli.login import login, logout, whoami
from cloud.cli.make_command import make_command
from cloud.cli.parameters import parameters_command
from cloud.cli.pod_keys import pod_keys
from cloud.cli.privacy import app as account_app
from cloud.cli.share import app as share_app
from cloud.cli.support_bundle import support_bundle
from cloud.cli.usage import usage_command
from cloud.cli.users import app as users_app
from cloud.errors import Conflict, Prompt2MeshError
from cloud.logs import configure_logging, log_uncaught
from cloud.settings import Settings
from cloud.stack.lease import StackInfo
from cloud.start import secrets_of, sentence_of

DEFAULT_UI_PORT = 8501
DEFAULT_API_PORT = 8600  # the add-on and one's own agent look here first

app = typer.Typer(
    help="Say what you want, watch it being built in a real Blender, download a .blend that you can edit.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


app.add_typer(history_app, name="history")
app.command("make")(make_command)
app.command("connect")(connect_command)
app.command("parameters")(parameters_command)
app.command("download")(download_command)
app.add_typer(key_app, name="key")
app.add_typer(share_app, name="share")
app.command("rotate-keys")(rotate_keys)
app.command("usage")(usage_command)
app.command("audit")(own_audit_command)
app.command("support-bundle")(support_bundle)
app.command()(login)
app.command()(logout)
app.command()(whoami)
app.add_typer(token_app, name="token")
admin_app.command("audit")(audit_command)
app.add_typer(account_app, name="account")
app.add_typer(admin_app, name="admin")
app.command("sessions")(sessions_command)
app.add_typer(users_app, name="users")


@app.command()
def up(
    port: Annotated[int | None, typer.Option(help="Port of the web UI. [default: 8501, or a free one]")] = None,
    api_port: Annotated[int | None, typer.Option(help="Port of the API. [default: 8600, or a free one]")] = None,
) -> None:
    """Start the whole stack with the web UI and stay until Ctrl-C."""
    from cloud.stack.supervisor import Supervisor

    settings = Settings()
    configure_logging("WARNING", secrets=secrets_of(settings))
    console = Console(highlight=False)
    if api_port is None:  # whoever wants any port for the pages wants any port for the API
        api_port = 0 if port == 0 else _free_or_any(DEFAULT_API_PORT)
    if port is None:
        port = _free_or_any(DEFAULT_UI_PORT)

    def announce(info: StackInfo) -> None:
        console.print(f"[bold]Prompt2Mesh[/] is at [link={info.ui_url}][cyan]{info.ui_url}[/][/link]")
        console.print(f"API: {info.api_url}/docs   data: {settings.data_dir}   stop: Ctrl-C", style="dim")

    if settings.isolation_note:
        console.print(settings.isolation_note, style="bold red")
    console.print("starting the stack", style="dim")
    try:
        Supervisor(settings, ui_port=port, api_port=api_port).run(announce)
    except (Prompt2MeshError, OSError) as error:
        _fail(str(error), EXIT_BAD_INPUT if isinstance(error, Conflict) else EXIT_FAILED)


def _free_or_any(port: int) -> int:
    """The port, or 0 where somebody has it."""
    from cloud.stack.supervisor import PortInUse, listen_on

    try:
        listen_on(port).close()
    except PortInUse:
        return 0
    return port


@app.command()
def down() -> None:
    """Stop the stack that `make --keep` or `up` left running."""
    stopped = stop_local_stack(Settings())
    Console().print("The stack has stopped." if stopped else "No stack is running on this data folder.")


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="The findings as one JSON list on stdout.")] = False,
) -> None:
    """Tell what isolates Blender on this machine, by trying it, and how to mend what is missing."""
    raise typer.Exit(show_findings(Console(highlight=False), Settings(), as_json=as_json))


@app.command()
def worker() -> None:
    """Run one job runner against DATABASE_URL, until SIGTERM."""
    from cloud.jobs.__main__ import main as run_worker

    raise typer.Exit(run_worker())


@app.command()
def migrate(
    wait_s: Annotated[
        float, typer.Option("--wait-s", help="Change nothing: wait so long until somebody else has done it.", min=0)
    ] = 0,
) -> None:
    """Bring the database at DATABASE_URL to this version's tables."""
    from cloud.db.migrate import upgrade, wait_for_schema

    url = Settings().database_url
    if not url:
        _fail("DATABASE_URL is not set; the embedded database of one machine migrates itself at each start.", 2)
    configure_logging()
    try:
        if wait_s:
            wait_for_schema(url, wait_s)
        else:
            upgrade(url)
    except Prompt2MeshError as error:
        _fail(str(error), EXIT_FAILED)


app.command()(cleanup)
app.command("pod-keys")(pod_keys)
app.command("copy-artifacts")(copy_artifacts)


def _fail(message: str, exit_code: int) -> None:
    Console(stderr=True, highlight=False).print(Text(" ✗ ", style="bold red") + Text(message), soft_wrap=True)
    raise typer.Exit(exit_code)


def main() -> None:
    """Entry of the console command."""
    if sys.platform == "win32":  # the embedded database, the locks and the sandbox are POSIX
        sys.exit("prompt2mesh runs on Linux and macOS; on Windows use WSL.")
    configure_logging("WARNING", json_lines=False, secrets=[os.environ.get("P2M_TOKEN", "")])
    log_uncaught()
    try:
        app()
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        sys.exit(sentence_of(error))
