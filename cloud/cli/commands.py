"""The commands of `prompt2mesh` and their options."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from cloud.cli.batch import BatchRequest, make_batch
from cloud.cli.batch_display import JsonBatchDisplay, TerminalBatchDisplay
from cloud.cli.cleanup import cleanup
from cloud.cli.diagnosis import show_findings
from cloud.cli.display import JsonDisplay, TerminalDisplay
from cloud.cli.formats import Format
from cloud.cli.guard import EXIT_BAD_INPUT, EXIT_FAILED, guarded
from cloud.cli.history import app as history_app
from cloud.cli.local_stack import stop_local_stack
from cloud.cli.make import MakeRequest, Stopwatch, Where, make
from cloud.cli.parameters import parameters_command
from cloud.cli.usage import usage_command
from cloud.errors import Conflict, InvalidInput, Prompt2MeshError
from cloud.logs import configure_logging
from cloud.settings import Settings
from cloud.stack.lease import StackInfo

DEFAULT_UI_PORT = 8501

app = typer.Typer(
    help="Say what you want, watch it being built in a real Blender, download a .blend that you can edit.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


app.add_typer(history_app, name="history")
app.command("parameters")(parameters_command)
app.command("usage")(usage_command)


@app.command("make")
def make_command(
    prompt: Annotated[str | None, typer.Argument(help="What you want to see built.", metavar="PROMPT")] = None,
    batch: Annotated[
        str | None,
        typer.Option(help="Build every prompt of a .csv, .jsonl or .txt file (- reads stdin).", metavar="FILE"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write to exactly this folder, instead of out/<slug>.", metavar="DIR")
    ] = None,
    image: Annotated[
        list[Path] | None, typer.Option(help="A reference image; may be repeated.", metavar="FILE")
    ] = None,
    formats: Annotated[
        list[Format] | None,
        typer.Option("--format", help="Write this format too; may be repeated. blend and glb always are."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model id; `offline-modeller` needs no key.", metavar="ID")] = None,
    project: Annotated[
        str | None, typer.Option(help="Continue the scene of this project, or begin it.", metavar="NAME")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON event a line on stdout, nothing else.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack running; `prompt2mesh down` stops it.")] = False,
    timings: Annotated[bool, typer.Option("--timings", help="Print where the time went.")] = False,
    server: Annotated[
        str | None, typer.Option(envvar="P2M_SERVER", help="Use this server, start nothing.", metavar="URL")
    ] = None,
    token: Annotated[str | None, typer.Option(envvar="P2M_TOKEN", help="Sign in with this token.")] = None,
) -> None:
    """Build what PROMPT says and write scene.blend, scene.glb, preview.png, script.py and result.json.

    With --batch, build every prompt of a file, each into a folder of its own, and write batch.json and batch.csv.
    """
    settings, watch, where = Settings(), Stopwatch(), Where(server, token, keep)
    wanted = tuple(dict.fromkeys(["blend", "glb", *(str(each) for each in formats or [])]))
    single, many = (JsonDisplay(), JsonBatchDisplay()) if as_json else (TerminalDisplay(), TerminalBatchDisplay())
    display = single if batch is None else many

    def work() -> int:
        if settings.isolation_note and not server:
            display.note(settings.isolation_note)
        if batch is None:
            if prompt is None:
                raise InvalidInput("Say what you want to see built, or name a file of prompts with --batch.")
            said = _checked_prompt(prompt, settings.prompt_limit_chars)
            asked = MakeRequest(said, out, tuple(image or ()), wanted, model, project, where)
            exit_code = make(asked, settings, single, watch)
        elif prompt is not None or image or project is not None:
            raise InvalidInput("--batch takes its prompts from the file: leave PROMPT, --image and --project out.")
        else:
            exit_code = make_batch(BatchRequest(batch, out, wanted, model, where), settings, many, watch)
        if timings:
            display.timings(_with_totals(watch.seconds))
        return exit_code

    raise typer.Exit(guarded(display, settings, work))


def _checked_prompt(prompt: str, limit_chars: int) -> str:
    """The API checks the prompt too; this spares the start of a whole stack."""
    from cloud.jobs.prompt import checked_prompt

    return checked_prompt(prompt, limit_chars)


def _with_totals(seconds: dict[str, float]) -> dict[str, float]:
    began = os.environ.get("P2M_COMMAND_STARTED", "").replace(",", ".")
    return {**seconds, "in all, from the command on": time.time() - float(began)} if began else seconds


@app.command()
def up(
    port: Annotated[int | None, typer.Option(help="Port of the web UI. [default: 8501, or a free one]")] = None,
    api_port: Annotated[int, typer.Option(help="Port of the API; 0 takes a free one.")] = 0,
) -> None:
    """Start the whole stack with the web UI and stay until Ctrl-C."""
    from cloud.stack.supervisor import PortInUse, Supervisor, listen_on

    settings = Settings()
    configure_logging("WARNING")
    console = Console(highlight=False)
    if port is None:
        try:
            listen_on(DEFAULT_UI_PORT).close()
            port = DEFAULT_UI_PORT
        except PortInUse:
            port = 0

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
def migrate() -> None:
    """Bring the database at DATABASE_URL to this version's tables."""
    from cloud.db.migrate import upgrade

    url = Settings().database_url
    if not url:
        _fail("DATABASE_URL is not set; the embedded database of one machine migrates itself at each start.", 2)
    configure_logging()
    upgrade(url)


app.command()(cleanup)


def _fail(message: str, exit_code: int) -> None:
    Console(stderr=True, highlight=False).print(Text(" ✗ ", style="bold red") + Text(message), soft_wrap=True)
    raise typer.Exit(exit_code)


def main() -> None:
    """Entry of the console command."""
    if sys.platform == "win32":  # the embedded database, the locks and the sandbox are POSIX
        sys.exit("prompt2mesh runs on Linux and macOS; on Windows use WSL.")
    try:
        app()
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        wrong = error.errors()[0]
        name = str(wrong["loc"][-1])
        field = Settings.model_fields.get(name)
        variable = f"P2M_{name}".upper() if field and not field.validation_alias else name.upper()
        sys.exit(f"The setting {variable} cannot be used: {wrong['msg']}.")
