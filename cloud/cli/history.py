"""`prompt2mesh history`: look at a project's steps, go to any of them, branch, label, compare, and take them home."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

from cloud.cli.asking import JsonOption, ProjectArgument, ServerOption, TokenOption, answer, run_job
from cloud.cli.connection import Where
from cloud.cli.display import Display, plain
from cloud.cli.formats import Format
from cloud.cli.history_view import SHORT_ID, show_comparison, show_history, show_step
from cloud.errors import InvalidInput
from ui.api_client import ApiClient
from ui.api_types import Project, Snapshot

_SHORTEST_ID = 4


class ListFirst(TyperGroup):
    """`history PROJECT` is `history list PROJECT`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help"}:
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=ListFirst,
    help="A project's steps: `prompt2mesh history PROJECT` lists them. A STEP is `head`, `empty`, a label, or the id "
    "that the list shows, of which the first characters will do.",
    no_args_is_help=True,
)

StepArgument = Annotated[str, typer.Argument(help="Which step.", metavar="STEP")]
OutOption = Annotated[Path | None, typer.Option(help="Write to this file.", metavar="FILE")]


@app.command("list")
def list_command(
    project: ProjectArgument, server: ServerOption = None, token: TokenOption = None, as_json: JsonOption = False
) -> None:
    """Every step, as a tree, with the scene as it is now."""
    answer(
        Where(server, token),
        project,
        as_json,
        lambda client, found, _: {"project": found, "snapshots": list(client.snapshots(found["id"]))},
        lambda console, found: show_history(console, found["project"], found["snapshots"]),
    )


@app.command()
def show(
    project: ProjectArgument,
    step: StepArgument,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """One step: its code, what it changed, its time and cost."""
    answer(
        Where(server, token),
        project,
        as_json,
        lambda client, found, _: client.get_snapshot(found["id"], _step_id(client, found, step)),
        show_step,
    )


@app.command()
def restore(
    project: ProjectArgument,
    step: StepArgument,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the scene that of a step (`empty`: nothing); what came after it stays in the history."""

    def work(client: ApiClient, found: Project, _: Display) -> Project:
        return client.restore_snapshot(found["id"], _scene_id(client, found, step) or "empty")

    answer(Where(server, token), project, as_json, work, _show_scene)


@app.command()
def undo(
    project: ProjectArgument, server: ServerOption = None, token: TokenOption = None, as_json: JsonOption = False
) -> None:
    """Go back by one step."""
    answer(Where(server, token), project, as_json, lambda client, found, _: client.undo(found["id"]), _show_scene)


@app.command()
def redo(
    project: ProjectArgument, server: ServerOption = None, token: TokenOption = None, as_json: JsonOption = False
) -> None:
    """Take the last undo back."""
    answer(Where(server, token), project, as_json, lambda client, found, _: client.redo(found["id"]), _show_scene)


@app.command()
def branch(
    project: ProjectArgument,
    step: StepArgument,
    name: Annotated[str | None, typer.Option(help="Of the new project.", metavar="NAME")] = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin a new project at a step."""

    def work(client: ApiClient, found: Project, _: Display) -> Project:
        return client.branch_project(found["id"], _step_id(client, found, step), name)

    def tell(console: Console, made: Project) -> None:
        console.print(Text("The new project is ").append_text(plain(made["name"])).append(f"  {made['id']}", "dim"))

    answer(Where(server, token), project, as_json, work, tell)


@app.command()
def label(
    project: ProjectArgument,
    step: StepArgument,
    text: Annotated[str, typer.Argument(help='The label; "" takes it away.', metavar="LABEL")],
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Name a step, so that it is found again."""

    def work(client: ApiClient, found: Project, _: Display) -> Snapshot:
        return client.label_snapshot(found["id"], _step_id(client, found, step), text)

    def tell(console: Console, labelled: Snapshot) -> None:
        now = plain(labelled["label"]).plain
        console.print(f"Step {labelled['id'][:SHORT_ID]} {f'is {now!r} now' if now else 'has no label now'}.")

    answer(Where(server, token), project, as_json, work, tell)


@app.command()
def compare(
    project: ProjectArgument,
    first: StepArgument,
    second: StepArgument,
    out: Annotated[Path | None, typer.Option(help="Write the two pictures to this folder.", metavar="DIR")] = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what leads from one step's scene to another's, and draw both from the same place."""

    def work(client: ApiClient, found: Project, display: Display) -> dict[str, Any]:
        sides = [_scene_id(client, found, side) for side in (first, second)]
        job = run_job(client, client.compare_snapshots(found["id"], *sides), display)
        comparison = (job["result"] or {}).get("comparison") or {}
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            for side in ("a", "b"):
                if picture_id := comparison[f"{side}_picture_id"]:
                    client.download(picture_id, out / f"compare-{side}.png")
        return comparison

    answer(
        Where(server, token), project, as_json, work, lambda console, found: show_comparison(console, found["changed"])
    )


@app.command()
def script(
    project: ProjectArgument,
    step: StepArgument,
    out: OutOption = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the Python that rebuilds a step's scene from the empty one."""

    def work(client: ApiClient, found: Project, _: Display) -> dict[str, str]:
        text = client.script_of_snapshot(found["id"], _step_id(client, found, step))
        if out is None:
            return {"script": text}
        out.write_text(text, encoding="utf-8")
        return {"file": str(out)}

    def tell(_: Console, found: dict[str, str]) -> None:
        sys.stdout.write(found.get("script") or f"{found['file']}\n")

    answer(Where(server, token), project, as_json, work, tell)


@app.command()
def export(
    project: ProjectArgument,
    step: StepArgument,
    file_format: Annotated[Format, typer.Option("--format", help="Of the file.")] = Format.BLEND,
    out: Annotated[Path | None, typer.Option(help="Write to this folder, instead of step-ID.", metavar="DIR")] = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a step's scene as a file; the project's scene stays as it is."""

    def work(client: ApiClient, found: Project, display: Display) -> dict[str, list[str]]:
        snapshot_id = _step_id(client, found, step)
        folder = out or Path(f"step-{snapshot_id[:SHORT_ID]}")
        folder.mkdir(parents=True, exist_ok=True)
        if file_format is Format.BLEND:
            client.download_snapshot(found["id"], snapshot_id, folder / "scene.blend")
            return {"files": [str(folder / "scene.blend")]}
        job = run_job(client, client.export_snapshot(found["id"], snapshot_id, file_format), display)
        files = []
        for artifact in client.artifacts(job_id=job["id"]):
            target = folder / Path(artifact["name"]).name
            client.download(artifact["id"], target)
            files.append(str(target))
        return {"files": files}

    def tell(console: Console, found: dict[str, list[str]]) -> None:
        for file in found["files"]:
            console.print(plain(file), soft_wrap=True)

    answer(Where(server, token), project, as_json, work, tell)


def _show_scene(console: Console, project: Project) -> None:
    head = project["head_snapshot_id"]
    console.print(f"The scene is {f'step {head[:SHORT_ID]}' if head else 'empty'} now.")


def _step_id(client: ApiClient, project: Project, named: str) -> str:
    """The id of the step that the user names. Raises: InvalidInput: none, several, or the empty scene."""
    step_id = _scene_id(client, project, named)
    if step_id is None:
        raise InvalidInput("The empty scene is no step; name one that the history lists.")
    return step_id


def _scene_id(client: ApiClient, project: Project, named: str) -> str | None:
    """The id of the step that the user names; None for the empty scene. Raises: InvalidInput: none, or several."""
    if named == "empty":
        return None
    if named == "head":
        return project["head_snapshot_id"]
    snapshots = list(client.snapshots(project["id"]))
    found = [each["id"] for each in snapshots if each["label"] == named]
    if not found and len(named) >= _SHORTEST_ID:
        found = [each["id"] for each in snapshots if each["id"].startswith(named.lower())]
    if len(found) != 1:
        how_many = "No step" if not found else f"{len(found)} steps"
        raise InvalidInput(f"{how_many} of this project can be meant by {named!r}; name it by the id in its history.")
    return found[0]
