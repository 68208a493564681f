"""`prompt2mesh make`: post a prompt, follow the job, bring the files home. Talks to the API alone."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from cloud.agent.brief import Brief
from cloud.cli.briefs import edited, keep_draft
from cloud.cli.connection import Stopwatch, Where, at_work
from cloud.cli.display import Display
from cloud.cli.home import bring_home, cancel_job
from cloud.cli.interrupts import Interrupted
from cloud.errors import InvalidInput, Prompt2MeshError
from cloud.jobs.batches.parsing import USD_LIMIT
from cloud.jobs.options import Detail, Quality
from cloud.jobs.prompt import name_of
from cloud.settings import Settings
from ui.api_client import ApiClient, ApiError
from ui.api_types import Job, Project
from ui.import_calls import IMPORT_FORMATS

USUAL_DETAIL: Detail = "moderate"


class NotMade(Prompt2MeshError):
    """What the build needs first could not be made."""

    code = "job_failed"

    def __init__(self, job: Job) -> None:
        error = job["error"]
        super().__init__(error["message"] if error else f"The {job['kind']} ended as {job['state']}; try again.")


@dataclass(frozen=True)
class MakeRequest:
    """What the command line asked for. `out` None: a new folder under `./out` named after the prompt.

    `project` is an id or a name; `start_from` a 3D file that the project begins with. `detail` None: as-is, unless the
    brief is to be edited. `pass_brief`: it is made and shown, and not edited.
    """

    prompt: str
    out: Path | None = None
    images: tuple[Path, ...] = ()
    formats: tuple[str, ...] = ("blend", "glb")
    model: str | None = None
    project: str | None = None
    where: Where = field(default_factory=Where)
    quality: Quality = "standard"
    detail: Detail | None = None
    brief: Brief | None = None
    edit_brief: bool = False
    pass_brief: bool = False
    max_usd: float | None = None
    start_from: Path | None = None

    def check(self) -> None:
        """What can be told before anything starts. Raises: InvalidInput."""
        self.where.check()
        if self.max_usd is not None and not 0 < self.max_usd <= USD_LIMIT:
            raise InvalidInput(f"--max-usd cannot be {self.max_usd:g}; give dollars above 0, such as 0.5.")
        if self.brief is not None and self.detail is not None:
            raise InvalidInput("--brief is the brief already; leave --detail out, or let one be made without --brief.")
        if self.edit_brief and self.detail == "as-is":
            raise InvalidInput("With --detail as-is there is no brief to edit; name another detail.")
        if self.start_from is not None:
            if not self.start_from.is_file():
                raise InvalidInput(f"The file {str(self.start_from)!r} is not there; name a 3D file with --from.")
            if self.start_from.suffix.lower().lstrip(".") not in IMPORT_FORMATS:
                raise InvalidInput(f"--from takes these files: {', '.join(IMPORT_FORMATS)}.")


def make(request: MakeRequest, settings: Settings, display: Display, watch: Stopwatch) -> int:
    """Run the whole main job. Returns: the exit code (0 built, 1 the job failed).

    Raises: Prompt2MeshError, ClientError: bad input, or the stack or server is out of reach. Interrupted.
    """
    request.check()
    images = [_read_image(path, settings.image_limit_bytes) for path in request.images]
    with at_work(request.where, request.out, request.prompt, settings, display, watch) as (client, folder):
        result = _build(request, client, images, folder, display, watch)
    display.result(result, folder)
    return 0 if result["status"] == "succeeded" else 1


def _build(
    request: MakeRequest, client: ApiClient, images: list[bytes], folder: Path, display: Display, watch: Stopwatch
) -> dict[str, Any]:
    project, is_new = _find_or_create_project(client, request)
    try:
        if request.start_from is not None:
            display.note(f"sending {request.start_from.name}")
            _ended(client, client.start_from_file(project["id"], request.start_from), folder, display, watch)
        image_ids = [client.upload_image(project["id"], image)["id"] for image in images]
        brief = _brief_to_build(request, client, project["id"], image_ids, folder, display, watch)
        job = client.create_job(
            project["id"],
            request.prompt,
            model=request.model,
            formats=request.formats,
            image_ids=image_ids,
            quality=request.quality,
            detail=request.detail or "as-is",
            brief=brief.model_dump(mode="json") if brief else None,
            max_usd=request.max_usd,
        )
    except (ApiError, InvalidInput, NotMade):
        if is_new:
            client.delete_project(project["id"])
        raise
    job = _followed(client, job, folder, display, watch)
    if job["result"]:
        watch.seconds |= {f"  {name}": seconds for name, seconds in job["result"]["timings"].items()}
    with watch.part("download"):
        return bring_home(client, job, folder)


def _brief_to_build(
    request: MakeRequest,
    client: ApiClient,
    project_id: str,
    image_ids: list[str],
    folder: Path,
    display: Display,
    watch: Stopwatch,
) -> Brief | None:
    """The brief of the command line, or one that is made now to be edited; None: the build makes its own, if any."""
    brief = request.brief
    if not request.edit_brief:
        return brief
    if brief is None:
        detail = request.detail or USUAL_DETAIL
        wanted = {"model": request.model, "image_ids": image_ids, "quality": request.quality}
        job = client.create_brief(project_id, request.prompt, detail=detail, max_usd=request.max_usd, **wanted)
        job = _ended(client, job, folder, display, watch)
        brief = Brief.model_validate((job["result"] or {}).get("brief"))
    if request.pass_brief:
        keep_draft(brief, folder)
        return brief
    with display.paused():
        return edited(brief, folder)


def _followed(client: ApiClient, job: Job, folder: Path, display: Display, watch: Stopwatch) -> Job:
    """The job at its end, shown until then. Raises: Interrupted, with the job cancelled."""
    try:
        with watch.part("job" if job["kind"] == "build" else job["kind"]):
            _follow(client, job["id"], folder, display)
    except Interrupted:
        display.note("cancelling the job")
        cancel_job(client, job["id"])
        raise
    return client.get_job(job["id"])


def _ended(client: ApiClient, job: Job, folder: Path, display: Display, watch: Stopwatch) -> Job:
    """The same with a job that the build needs. Raises also: NotMade."""
    ended = _followed(client, job, folder, display, watch)
    if ended["state"] != "succeeded":
        raise NotMade(ended)
    return ended


def _read_image(path: Path, limit_bytes: int) -> bytes:
    try:
        if path.stat().st_size > limit_bytes:
            raise InvalidInput(
                f"The image {str(path)!r} has {path.stat().st_size:,} bytes; at most {limit_bytes:,} are allowed."
            )
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"The image {str(path)!r} cannot be read: {error.strerror}.") from error


def _find_or_create_project(client: ApiClient, request: MakeRequest) -> tuple[Project, bool]:
    """The project of this id, or of this name, or a new one of this name."""
    named = request.project
    if named is None:
        return client.create_project(name_of(request.prompt)), True
    try:
        return client.get_project(str(UUID(named))), False
    except ValueError:
        pass
    for project in client.list_projects():
        if project["name"] == named:
            return project, False
    return client.create_project(named), True


def _follow(client: ApiClient, job_id: str, folder: Path, display: Display) -> None:
    """Show the job's events until its end, bringing each picture as it comes."""
    for event in client.events(job_id):
        display.job_event(event)
        if event.type == "picture" and event.data["kind"] == "look":
            target = folder / "pictures" / Path(event.data["name"]).name
            target.parent.mkdir(exist_ok=True)
            client.download(event.data["artifact_id"], target)
            display.picture(target)
