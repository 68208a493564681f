"""`prompt2mesh parameters`: list the named numbers, colours and counts of a scene, or make it anew with other ones."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cloud.cli.asking import JsonOption, ProjectArgument, ServerOption, TokenOption, answer, run_job
from cloud.cli.connection import Where
from cloud.cli.display import Display, plain
from cloud.cli.home import bring_home, claim_folder
from cloud.errors import InvalidInput
from ui.api_client import ApiClient
from ui.api_types import Parameter, Project


def parameters_command(
    project: ProjectArgument,
    changes: Annotated[
        list[str] | None,
        typer.Argument(help="New values, such as CHAIR_HEIGHT=1.1 or SEAT_COLOR=#c81e1e.", metavar="[NAME=VALUE]..."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write to exactly this folder, instead of out/<slug>.", metavar="DIR")
    ] = None,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the parameters of a project's scene; with NAME=VALUE, make the scene anew, without a model."""

    def work(client: ApiClient, found: Project, display: Display) -> dict[str, Any]:
        listed = client.parameters(found["id"])
        if not changes:
            return dict(listed)
        values = _read_changes(changes, listed["items"])
        job = client.change_parameters(found["id"], values, listed["head_snapshot_id"])
        ended = run_job(client, job, display)
        folder = claim_folder(out, found["name"])
        return {**bring_home(client, ended, folder), "folder": str(folder)}

    answer(Where(server, token), project, as_json, work, _show_result if changes else _show_parameters)


def _read_changes(changes: Sequence[str], known: Sequence[Parameter]) -> dict[str, Any]:
    """Each NAME=VALUE as the API takes it. Raises: InvalidInput: one is no such pair, or a name is there twice."""
    kinds = {parameter["id"]: parameter["type"] for parameter in known}
    values: dict[str, Any] = {}
    for change in changes:
        name, equals, text = (part.strip() for part in change.partition("="))
        if not (name and equals and text):
            raise InvalidInput(f"{change!r} is no change; write it as NAME=VALUE, such as CHAIR_HEIGHT=1.1.")
        if name in values:
            raise InvalidInput(f"{name} is given twice; give it one value.")
        values[name] = _value_of(text, kinds.get(name, ""))
    return values


def _value_of(text: str, kind: str) -> Any:
    """The text as a value of this kind; what does not read as one goes as it is, and the API says what is wrong."""
    switches = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
    if kind == "switch":
        return switches.get(text.lower(), text)
    if kind == "colour":
        text = text.strip("()[]")
        text = f"[{text}]" if "," in text else text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _show_parameters(console: Console, listed: dict[str, Any]) -> None:
    if not listed["items"]:
        console.print("This scene has no parameters: its code names no numbers or colours.")
        return
    table = Table(box=None, pad_edge=False)
    longest = max(len(each["id"]) for each in listed["items"])
    table.add_column("NAME", style="cyan", no_wrap=True, min_width=longest)  # it is to be copied
    for heading in ("VALUE", "RANGE", "STEP", ""):
        table.add_column(heading, overflow="fold")
    for each in listed["items"]:
        table.add_row(*(plain(text) for text in _row(each)))
    console.print(table)


def _row(each: Parameter) -> tuple[str, str, str, str, str]:
    value = each["value"]
    if isinstance(value, bool):
        shown = "on" if value else "off"
    elif isinstance(value, list):
        shown = ",".join(f"{channel:g}" for channel in value)
    else:
        shown = f"{value:g} {each['unit']}".strip() if isinstance(value, float | int) else value
    is_ranged = each["type"] in ("number", "count")
    limits = f"{each['min']:g} to {each['max']:g}" if is_ranged else each["type"]
    return each["id"], shown, limits, each["step_title"] or str(each["step"]), each["description"]


def _show_result(console: Console, result: dict[str, Any]) -> None:
    console.print(plain(result["summary"]))
    for file in result["files"]:
        console.print(plain(f"  {Path(result['folder']) / file['name']}"))
