"""`prompt2mesh share`: links by which anybody sees a scene; list and revoke them."""

from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from typer.core import TyperGroup

from cloud.cli.asking import JsonOption, ServerOption, TokenOption, answer_of_server, find_project, run_job
from cloud.cli.connection import Where
from cloud.cli.display import Display
from cloud.cli.tables import table_of
from cloud.errors import InvalidInput
from ui.api_client import ApiClient
from ui.api_errors import ApiError
from ui.share_calls import NewShare, Share

_SHORT_ID_CHARS = 8
_DEFAULT_DAYS = 30


class MakeFirst(TyperGroup):
    """`share PROJECT` is `share make PROJECT`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help"}:
            args = ["make", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=MakeFirst,
    help="A public page of a scene, with picture and 3D viewer: `prompt2mesh share PROJECT` makes its link.",
    no_args_is_help=True,
)


@app.command("make")
def make_share(
    named: Annotated[
        str, typer.Argument(help="A project's id or exact name: its scene as it is; a job's id: what it made.")
    ],
    title: Annotated[str, typer.Option(help="What the page is called; the project's name is not shown.")] = "",
    download: Annotated[bool, typer.Option("--download", help="Let people take the .blend and the .glb.")] = False,
    days: Annotated[int, typer.Option(help="It ends after so many days; 0: never.", min=0)] = _DEFAULT_DAYS,
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a link. It alone is written to stdout, now and never again."""

    def work(client: ApiClient, display: Display) -> NewShare:
        project_id, snapshot_id = _scene(client, named)
        made = client.share_scene(
            project_id,
            snapshot_id=snapshot_id,
            title=title,
            allow_download=download,
            expires_in_days=days or None,
        )
        if made["job_id"]:
            display.note("making the page's 3D model")
            run_job(client, client.get_job(made["job_id"]), display)
        return made

    def tell(console: Console, made: NewShare) -> None:
        until = f"until {made['expires_at'][:10]}" if made["expires_at"] else "until it is revoked"
        notes = f"Whoever has the link sees the scene, {until}. Keep it: it is not shown again."
        if not server:
            notes += " It leads to this machine, and works while `prompt2mesh up` runs."
        Console(stderr=True, highlight=False).print(notes, style="dim", soft_wrap=True)
        console.print(made["url"], soft_wrap=True, markup=False)

    answer_of_server(Where(server, token), as_json, work, tell)


@app.command("list")
def list_shares(server: ServerOption = None, token: TokenOption = None, as_json: JsonOption = False) -> None:
    """Show your links: what they are called, how often they were seen, and when they end."""

    def tell(console: Console, found: list[Share]) -> None:
        if not found:
            console.print("Nothing is shared.")
            return
        rows = [
            (
                each["id"][:_SHORT_ID_CHARS],
                each["title"],
                f"…{each['hint']}",
                "yes" if each["allow_download"] else "no",
                str(each["views"]),
                each["expires_at"][:16].replace("T", " ") if each["expires_at"] else "never",
            )
            for each in found
        ]
        console.print(table_of(("id", "title", "ends in", "downloads", "views", "expires"), rows))

    answer_of_server(Where(server, token), as_json, lambda client, _: list(client.shares()), tell)


@app.command("revoke")
def revoke_share(
    named: Annotated[str, typer.Argument(help="The share's id, or its beginning, from the list.", metavar="ID")],
    server: ServerOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a link, at once and for good."""

    def work(client: ApiClient, _: object) -> dict[str, Any]:
        begins = named.lower() if len(named) >= _SHORT_ID_CHARS else "none"
        found = [each for each in client.shares() if each["id"].startswith(begins)]
        if len(found) != 1:
            raise InvalidInput(f"There is no share {named!r}; name it by its id, from `prompt2mesh share list`.")
        client.revoke_share(found[0]["project_id"], found[0]["id"])
        return {"revoked": found[0]["id"]}

    def tell(console: Console, done: dict[str, Any]) -> None:
        console.print(f"The link {done['revoked'][:_SHORT_ID_CHARS]} is revoked: it shows nothing now.", markup=False)

    answer_of_server(Where(server, token), as_json, work, tell)


def _scene(client: ApiClient, named: str) -> tuple[str, str | None]:
    """The project, and its snapshot (None: the scene as it is) that a project's or job's id or name means.

    Raises: InvalidInput: there is no such thing, or the job has made nothing. ClientError.
    """
    try:
        job = client.get_job(str(UUID(named)))
    except (ValueError, ApiError) as error:
        if isinstance(error, ApiError) and error.status != 404:
            raise
        return find_project(client, named)["id"], None
    made = next((one["id"] for one in client.snapshots(job["project_id"]) if one["job_id"] == job["id"]), None)
    if made is None:
        raise InvalidInput(f"The job {named} has made no scene; name its project to share the scene as it is.")
    return job["project_id"], made
