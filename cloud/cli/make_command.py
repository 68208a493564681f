"""The options of `prompt2mesh make`."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from cloud.cli.batch import BatchRequest, make_batch
from cloud.cli.batch_display import JsonBatchDisplay, TerminalBatchDisplay
from cloud.cli.briefs import read_brief_file
from cloud.cli.connection import Stopwatch, Where
from cloud.cli.display import JsonDisplay, TerminalDisplay
from cloud.cli.formats import Format
from cloud.cli.guard import guarded
from cloud.cli.make import MakeRequest, make
from cloud.errors import InvalidInput
from cloud.jobs.options import Detail, Quality
from cloud.settings import Settings


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
        str | None, typer.Option(help="Continue the scene of this project, or begin it.", metavar="NAME|ID")
    ] = None,
    start_from: Annotated[
        Path | None, typer.Option("--from", help="Put this .blend, .glb, … into the scene first.", metavar="FILE")
    ] = None,
    quality: Annotated[Quality, typer.Option(help="How much effort, time and money the build may take.")] = "standard",
    detail: Annotated[
        Detail | None, typer.Option(help="Refine the prompt into a brief of this detail first. [default: as-is]")
    ] = None,
    brief: Annotated[
        Path | None, typer.Option(help="Build by this brief: JSON, or text as brief.md is.", metavar="FILE")
    ] = None,
    edit_brief: Annotated[
        bool, typer.Option("--edit-brief", help="Make the brief first, and open $EDITOR on it before it is built.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Pass the brief as it is, without an editor.")] = False,
    max_usd: Annotated[
        float | None, typer.Option(help="What the job may cost; less than the quality's budget.", metavar="USD")
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

    said = {"quality": quality, "detail": detail, "max_usd": max_usd}

    def single_request() -> MakeRequest:
        return MakeRequest(
            prompt=_checked_prompt(prompt, settings.prompt_limit_chars),
            out=out,
            images=tuple(image or ()),
            formats=wanted,
            model=model,
            project=project,
            where=where,
            quality=quality,
            detail=detail,
            brief=read_brief_file(brief) if brief else None,
            edit_brief=edit_brief,
            pass_brief=yes,
            max_usd=max_usd,
            start_from=start_from,
        )

    def work() -> int:
        if settings.isolation_note and not server:
            display.note(settings.isolation_note)
        if batch is None:
            exit_code = make(single_request(), settings, single, watch)
        else:
            _refuse_beside_batch(prompt, image, project, start_from, brief, edit_brief)
            exit_code = make_batch(BatchRequest(batch, out, wanted, model, where, said), settings, many, watch)
        if timings:
            display.timings(_with_totals(watch.seconds))
        return exit_code

    raise typer.Exit(guarded(display, settings, work))


def _refuse_beside_batch(*given: object) -> None:
    """What is of one prompt stands in the batch's file. Raises: InvalidInput."""
    if any(given):
        raise InvalidInput(
            "--batch takes its prompts from the file: leave PROMPT, --image and --project out, and --from and --brief; "
            "the file may have a column brief."
        )


def _checked_prompt(prompt: str | None, limit_chars: int) -> str:
    """The API checks the prompt too; this spares the start of a whole stack."""
    if prompt is None:
        raise InvalidInput("Say what you want to see built, or name a file of prompts with --batch.")
    from cloud.jobs.prompt import checked_prompt

    return checked_prompt(prompt, limit_chars)


def _with_totals(seconds: dict[str, float]) -> dict[str, float]:
    began = os.environ.get("P2M_COMMAND_STARTED", "").replace(",", ".")
    return {**seconds, "in all, from the command on": time.time() - float(began)} if began else seconds
