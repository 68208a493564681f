"""`prompt2mesh make`: post a prompt, follow the job, bring the files home. Talks to the API alone."""

import contextlib
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from cloud.cli.display import Display
from cloud.cli.local_stack import local_stack
from cloud.errors import InvalidInput
from cloud.jobs.prompt import name_of, slug_of
from cloud.settings import Settings
from ui.api_client import ApiClient, ApiError
from ui.api_types import Artifact, Job, Project

CANCEL_WAIT_S = 5.0
DATABASE_WAIT_S = 30.0
NO_USAGE = {"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0, "usd": 0.0}


class Interrupted(Exception):
    """A signal asks for the end of the run."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number


@dataclass(frozen=True)
class Where:
    """Which server to use, as whom. `server` None: the local stack, which `keep` leaves running."""

    server: str | None = None
    token: str | None = None
    keep: bool = False

    def check(self) -> None:
        """Raises: InvalidInput: a server without a token."""
        if self.server and not self.token:
            raise InvalidInput("A server needs to know who you are: give its token with --token or P2M_TOKEN.")


@dataclass(frozen=True)
class MakeRequest:
    """What the command line asked for. `out` None: a new folder under `./out` named after the prompt."""

    prompt: str
    out: Path | None = None
    images: tuple[Path, ...] = ()
    formats: tuple[str, ...] = ("blend", "glb")
    model: str | None = None
    project: str | None = None
    where: Where = Where()


@dataclass
class Stopwatch:
    """Seconds by part, in the order in which the parts ended."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - started, 3)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Inside, the first SIGINT, SIGTERM or SIGHUP raises Interrupted in the main thread; later ones are ignored."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        if number == signal.SIGHUP:
            # The terminal is gone: writing to it would fail.
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), sys.stdout.fileno())
                os.dup2(nowhere.fileno(), sys.stderr.fileno())
        raise Interrupted(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def make(request: MakeRequest, settings: Settings, display: Display, watch: Stopwatch) -> int:
    """Run the whole main job. Returns: the exit code (0 built, 1 the job failed).

    Raises: Prompt2MeshError, ClientError: bad input, or the stack or server is out of reach. Interrupted.
    """
    request.where.check()
    images = [_read_image(path, settings.image_limit_bytes) for path in request.images]
    with at_work(request.where, request.out, request.prompt, settings, display, watch) as (client, folder):
        result = _build(request, client, images, folder, display, watch)
    display.result(result, folder)
    return 0 if result["status"] == "succeeded" else 1


@contextlib.contextmanager
def at_work(
    where: Where, out: Path | None, named_after: str, settings: Settings, display: Display, watch: Stopwatch
) -> Iterator[tuple[ApiClient, Path]]:
    """A signed-in client, and the folder for what comes home; a folder of our choice goes again if nothing came.

    Raises: what `claim_folder` and `connect` raise.
    """
    folder = claim_folder(out, named_after)
    try:
        with contextlib.ExitStack() as held:
            yield connect(held, where, settings, display, watch), folder
            stopping = time.monotonic()
            if not where.server:
                display.note("stopping the stack")
    except BaseException:
        if out is None:
            with contextlib.suppress(OSError):  # what has come home stays
                folder.rmdir()
        raise
    watch.seconds["stack stop"] = round(time.monotonic() - stopping, 3)


def connect(
    held: contextlib.ExitStack, where: Where, settings: Settings, display: Display, watch: Stopwatch
) -> ApiClient:
    """A signed-in client, of the named server or of the local stack, which `held` then holds."""
    if where.server:
        return held.enter_context(ApiClient(where.server, where.token))
    with watch.part("stack start"):
        info = held.enter_context(local_stack(settings, keep=where.keep, on_wait=display.note))
    watch.seconds |= {f"  {name}": seconds for name, seconds in info.timings_s.items()}
    client = held.enter_context(ApiClient(info.api_url, where.token))
    if where.token is None:
        with watch.part("sign-in"):
            # The database of a stack that runs may be recovering from a crash.
            for attempt in Retrying(
                retry=retry_if_exception(lambda error: isinstance(error, ApiError) and error.status == 503),
                stop=stop_after_delay(DATABASE_WAIT_S),
                wait=wait_fixed(0.5),
                before_sleep=lambda state: display.note("waiting for the database"),
                reraise=True,
            ):
                with attempt:
                    _sign_in_locally(client, settings.data_dir)
    return client


def _build(
    request: MakeRequest, client: ApiClient, images: list[bytes], folder: Path, display: Display, watch: Stopwatch
) -> dict[str, Any]:
    project, is_new = _find_or_create_project(client, request)
    try:
        image_ids = [client.upload_image(project["id"], image)["id"] for image in images]
        job = client.create_job(
            project["id"], request.prompt, model=request.model, formats=request.formats, image_ids=image_ids
        )
    except ApiError:
        if is_new:
            client.delete_project(project["id"])
        raise
    try:
        with watch.part("job"):
            _follow(client, job["id"], folder, display)
    except Interrupted:
        display.note("cancelling the job")
        cancel_job(client, job["id"])
        raise
    job = client.get_job(job["id"])
    if job["result"]:
        watch.seconds |= {f"  {name}": seconds for name, seconds in job["result"]["timings"].items()}
    with watch.part("download"):
        return bring_home(client, job, folder)


def _read_image(path: Path, limit_bytes: int) -> bytes:
    try:
        if path.stat().st_size > limit_bytes:
            raise InvalidInput(
                f"The image {str(path)!r} has {path.stat().st_size:,} bytes; at most {limit_bytes:,} are allowed."
            )
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"The image {str(path)!r} cannot be read: {error.strerror}.") from error


def claim_folder(out: Path | None, named_after: str) -> Path:
    """The folder to write to, made and tried: `out`, or a new one under `./out`, so that no earlier result is lost.

    Raises: InvalidInput: it cannot be written.
    """
    folder = out
    try:
        if folder is None:
            base = Path("out") / slug_of(named_after)
            folder, number = base, 1
            while True:
                try:
                    folder.mkdir(parents=True)
                    break
                except FileExistsError:
                    number += 1
                    folder = base.with_name(f"{base.name}-{number}")
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{secrets.token_hex(8)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InvalidInput(
            f"The folder {str(folder)!r} cannot be written ({error.strerror}); name another one with --out."
        ) from error
    return folder


def _sign_in_locally(client: ApiClient, data_dir: Path) -> None:
    """Sign in as this data folder's own user; the password lies beside the database, readable by its owner alone."""
    secret_file = data_dir / "local-user.json"
    if not secret_file.exists():
        draft = secret_file.with_name(f"{secret_file.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"username": "local", "password": secrets.token_urlsafe(24)}, file)
        with contextlib.suppress(FileExistsError):  # another run was first: its password counts
            os.link(draft, secret_file)
        draft.unlink()
    local = json.loads(secret_file.read_text())
    try:
        client.log_in(local["username"], local["password"])
    except ApiError as refused:
        if refused.status != 401:
            raise
        try:
            client.sign_up(local["username"], local["password"])
        except ApiError as taken:
            if taken.status != 409:
                raise
            # Either a run beside us has just signed up, or the name belongs to somebody else: the log-in tells.
        client.log_in(local["username"], local["password"])


def _find_or_create_project(client: ApiClient, request: MakeRequest) -> tuple[Project, bool]:
    if request.project is not None:
        for project in client.list_projects():
            if project["name"] == request.project:
                return project, False
    name = request.project if request.project is not None else name_of(request.prompt)
    return client.create_project(name), True


def _follow(client: ApiClient, job_id: str, folder: Path, display: Display) -> None:
    """Show the job's events until its end, bringing each picture as it comes."""
    for event in client.events(job_id):
        display.job_event(event)
        if event.type == "picture" and event.data["kind"] == "look":
            target = folder / "pictures" / Path(event.data["name"]).name
            target.parent.mkdir(exist_ok=True)
            client.download(event.data["artifact_id"], target)
            display.picture(target)


def cancel_job(client: ApiClient, job_id: str) -> None:
    """Cancel the job and wait a little for its end; the stack's own stop ends it in any case."""
    with contextlib.suppress(ApiError):  # it may have ended in this moment
        client.cancel_job(job_id)
    deadline = time.monotonic() + CANCEL_WAIT_S
    while time.monotonic() < deadline and client.get_job(job_id)["finished_at"] is None:
        time.sleep(0.05)


def bring_home(client: ApiClient, job: Job, folder: Path) -> dict[str, Any]:
    """Download the job's files and write `result.json`. Returns: what it holds."""
    files = []
    for artifact in _results_of(client, job):
        client.download(artifact["id"], folder / artifact["name"])
        files.append({key: artifact[key] for key in ("name", "bytes", "sha256")})
    facts: dict[str, Any] = dict(job["result"] or {})
    facts.pop("timings", None)
    result = {
        "job_id": job["id"],
        "project_id": job["project_id"],
        "status": job["state"],
        "outcome": job["outcome"],
        "prompt": job["prompt"],
        **{"model": job["model"], "objects": 0, "triangles": 0, "steps": 0, "seconds": 0.0, "usage": NO_USAGE, **facts},
        "summary": facts.get("summary", ""),
        "not_built": facts.get("not_built", []),
        "error": job["error"],
        "files": files,
    }
    (folder / "result.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return result


def _results_of(client: ApiClient, job: Job) -> list[Artifact]:
    order = {"scene": 0, "preview": 1, "script": 2}
    wanted = [artifact for artifact in client.artifacts(job_id=job["id"]) if artifact["kind"] in order]
    return sorted(wanted, key=lambda artifact: (order[artifact["kind"]], artifact["name"]))
