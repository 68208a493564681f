"""What commands share that ask something of one project: options, the way to it, how the answer is printed."""

import contextlib
import json
from collections.abc import Callable
from typing import Annotated, TypeVar
from uuid import UUID

import typer
from rich.console import Console

from cloud.cli.connection import Stopwatch, Where, connect
from cloud.cli.display import Display, JsonDisplay, TerminalDisplay
from cloud.cli.guard import guarded
from cloud.cli.home import cancel_job
from cloud.cli.interrupts import Interrupted
from cloud.errors import InvalidInput, Prompt2MeshError
from cloud.settings import Settings
from ui.api_client import ApiClient
from ui.api_types import Job, JobEvent, Project

T = TypeVar("T")

ProjectArgument = Annotated[str, typer.Argument(help="The project's id or its exact name.", metavar="PROJECT")]
ServerOption = Annotated[
    str | None, typer.Option(envvar="P2M_SERVER", help="Use this server, start nothing.", metavar="URL")
]
TokenOption = Annotated[str | None, typer.Option(envvar="P2M_TOKEN", help="Sign in with this token.")]
JsonOption = Annotated[bool, typer.Option("--json", help="The answer as one JSON object on stdout, nothing else.")]


class JobFailed(Prompt2MeshError):
    """The job that was to make the answer did not."""

    code = "job_failed"

    def __init__(self, job: Job) -> None:
        error = job["error"]
        super().__init__(error["message"] if error else f"The job ended as {job['state']}; ask for it again.")


class AnswerDisplay(JsonDisplay):
    """For programs: nothing but the answer, or the error."""

    def note(self, text: str) -> None: ...

    def job_event(self, event: JobEvent) -> None: ...


def answer(
    where: Where,
    project: str,
    as_json: bool,
    work: Callable[[ApiClient, Project, Display], T],
    tell: Callable[[Console, T], None],
) -> None:
    """Do the work with a client and the project, then print the answer; stdout holds nothing else."""
    answer_of_server(where, as_json, lambda client, display: work(client, find_project(client, project), display), tell)


def answer_of_server(
    where: Where, as_json: bool, work: Callable[[ApiClient, Display], T], tell: Callable[[Console, T], None]
) -> None:
    """The same of no project: do the work with a client, then print the answer."""
    settings = Settings()
    display: Display = AnswerDisplay() if as_json else TerminalDisplay(console=Console(stderr=True, highlight=False))
    answers: list[T] = []

    def body() -> int:
        where.check()
        with contextlib.ExitStack() as held:
            client = connect(held, where, settings, display, Stopwatch())
            answers.append(work(client, display))
        return 0

    exit_code = guarded(display, settings, body)
    for found in answers if exit_code == 0 else ():
        if as_json:
            print(json.dumps(found, ensure_ascii=False))
        else:
            tell(Console(highlight=False), found)
    raise typer.Exit(exit_code)


def find_project(client: ApiClient, named: str) -> Project:
    """The project with this id or exact name, the newest of several.

    Raises: InvalidInput: there is none. ClientError.
    """
    try:
        return client.get_project(str(UUID(named)))
    except ValueError:
        pass
    for project in client.list_projects():
        if project["name"] == named:
            return project
    raise InvalidInput(f"There is no project named {named!r}; give its exact name or its id.")


def run_job(client: ApiClient, job: Job, display: Display) -> Job:
    """Show the job's events until its end. Returns: the job, which succeeded. Raises: JobFailed, Interrupted."""
    try:
        for event in client.events(job["id"]):
            display.job_event(event)
    except Interrupted:
        display.note("cancelling the job")
        cancel_job(client, job["id"])
        raise
    ended = client.get_job(job["id"])
    if ended["state"] != "succeeded":
        raise JobFailed(ended)
    return ended
