"""`prompt2mesh download`: list what can be had of a project's scene, or take some of it home, made first if need be."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from cloud.cli.asking import JsonOption, ProjectArgument, ServerOption, TokenOption, answer, run_job
from cloud.cli.connection import Where
from cloud.cli.display import Display, plain
from cloud.cli.home import claim_folder
from cloud.errors import InvalidInput
from ui.api_client import ApiClient
from ui.api_types import Project

if TYPE_CHECKING:
    from rich.console import Console

    from ui.download_calls import Download, Downloads

_STATES = {"ready": "ready", "making": "being made", "can_be_made": "can be made", "cannot": "cannot be made"}


def download_command(
    project: ProjectArgument,
    names: Annotated[
        list[str] | None,
        typer.Argument(help="What to take: glb, script.py, turntable.gif, everything.zip, …", metavar="[WHAT]..."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write to exactly this folder, instead of out/<slug>.", metavar="DIR")
    ] = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what can be had of a project's scene; with WHAT, take it home. What is not there yet is made first."""

    def work(client: ApiClient, found: Project, display: Display) -> dict[str, Any]:
        listed = client.downloads(found["id"])
        if not names:
            return dict(listed)
        wanted = [_find(listed, name) for name in dict.fromkeys(names)]
        folder = claim_folder(out, found["name"])
        files = [file for each in wanted for file in _take(client, found, each, folder, display)]
        return {"folder": str(folder), "files": files}

    answer(Where(server, token), project, as_json, work, _show_taken if names else _show_list)


def _find(listed: "Downloads", name: str) -> "Download":
    """What the user names by its format or its name. Raises: InvalidInput: there is no such thing, or it cannot be."""
    for each in listed["items"]:
        if name.lower() in (each["name"], each["format"]):
            if each["state"] == "cannot":
                raise InvalidInput(f"There is no {each['name']}: {each['reason']}")
            return each
    if not listed["items"]:
        raise InvalidInput("The project has no scene yet; build something first, then download it.")
    raise InvalidInput(f"There is no {name!r} to download; there are: {', '.join(e['name'] for e in listed['items'])}.")


def _take(client: ApiClient, project: Project, wanted: "Download", folder: Path, display: Display) -> list[str]:
    """Bring one thing home. Returns: the names of its files. Raises: JobFailed: it could not be made."""
    if wanted["state"] != "ready":
        asked = wanted["job_id"]
        job = client.get_job(asked) if asked else client.export_project(project["id"], wanted["format"])
        ended = run_job(client, job, display)
        artifacts = list(client.artifacts(job_id=ended["id"]))
        for artifact in artifacts:
            client.download(artifact["id"], folder / Path(artifact["name"]).name)
        return [Path(artifact["name"]).name for artifact in artifacts]
    for file in wanted["files"]:
        client.download_file(file, folder / Path(file["name"]).name)
    return [Path(file["name"]).name for file in wanted["files"]]


def _show_list(console: "Console", listed: dict[str, Any]) -> None:
    if not listed["items"]:
        console.print("The scene is empty: there is nothing to download yet.")
        return
    if listed["triangles"] is not None:
        size = "" if listed["size_m"] is None else ", " + " × ".join(f"{side:.4g}" for side in listed["size_m"]) + " m"
        console.print(f"{listed['objects']} objects, {listed['triangles']:,} triangles{size}", style="dim")
    table = Table(box=None, pad_edge=False)
    table.add_column("WHAT", style="cyan", no_wrap=True)
    table.add_column("")
    table.add_column("SIZE", justify="right")
    for each in listed["items"]:
        size = "" if each["bytes"] is None else f"{each['bytes'] / 1024:,.1f} KiB"
        table.add_row(plain(each["name"]), _STATES.get(each["state"], each["state"]), size)
    console.print(table)


def _show_taken(console: "Console", taken: dict[str, Any]) -> None:
    for name in taken["files"]:
        console.print(plain(str(Path(taken["folder"]) / name)), soft_wrap=True)
