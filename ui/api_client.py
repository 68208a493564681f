"""The one HTTP client of our API, shared by the web UI and the command line: synchronous and typed.

It imports neither Streamlit nor `cloud`, so that a command line starts fast and works against any server.
"""

import contextlib
import secrets
import ssl
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

import httpx2

from ui.api_errors import ApiError, ApiUnreachable, ClientError, raise_for_problem, unreachable
from ui.api_types import Artifact, Job, JobEvent, Project, Session, User
from ui.event_stream import EventStream

__all__ = ["ApiClient", "ApiError", "ApiUnreachable", "ClientError", "EventStream", "JobEvent"]

Progress = Callable[[int, int], None]
"""Called with (bytes so far, bytes in all) as a download goes on."""

TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
# uvicorn closes idle connections after 5 s: never pick one up as it does.
LIMITS = httpx2.Limits(keepalive_expiry=4.0)
CHUNK_BYTES = 1 << 18


class ApiClient:
    """One user's connection to the API. Safe for use by many threads, except `log_in` and `log_out`.

    Every call has time limits and raises ApiError (the API said no, with a sentence) or ApiUnreachable (no answer);
    so does making one: ApiUnreachable where `base_url` is no http or https address.
    """

    def __init__(self, base_url: str, token: str | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        try:
            url = httpx2.URL(self.base_url)
        except httpx2.InvalidURL:
            url = httpx2.URL()
        if url.scheme not in {"http", "https"} or not url.host:
            raise ApiUnreachable(f"{base_url!r} is not the address of a server; give one like http://127.0.0.1:8000.")
        self._http = httpx2.Client(
            base_url=url,
            timeout=TIMEOUT,
            limits=LIMITS,
            headers={"User-Agent": "prompt2mesh-client"},
            # Loading the certificates takes 0.17 s; without TLS a context that trusts nobody will do.
            verify=True if url.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            trust_env=url.host not in {"127.0.0.1", "::1", "localhost"},  # no proxy between us and ourselves
        )
        self._token: str | None = None
        self.token = token

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    @property
    def token(self) -> str | None:
        """The session's token; None while nobody is signed in."""
        return self._token

    @token.setter
    def token(self, token: str | None) -> None:
        self._token = token
        if token is None:
            self._http.headers.pop("Authorization", None)
        else:
            self._http.headers["Authorization"] = f"Bearer {token}"

    # --- who one is

    def sign_up(self, username: str, password: str) -> User:
        """Make a user. This does not sign in: call `log_in`."""
        return self._json("POST", "/v1/users", json={"username": username, "password": password})

    def log_in(self, username: str, password: str) -> Session:
        """Sign in; every later call of this client is this user's."""
        session: Session = self._json("POST", "/v1/sessions", json={"username": username, "password": password})
        self.token = session["token"]
        return session

    def log_out(self) -> None:
        """Revoke the session. The client has no token afterwards, whatever the API says."""
        try:
            self._send("DELETE", "/v1/sessions/current")
        finally:
            self.token = None

    def me(self) -> User:
        """The signed-in user."""
        return self._json("GET", "/v1/me")

    # --- projects

    def create_project(self, name: str) -> Project:
        return self._json("POST", "/v1/projects", json={"name": name})

    def list_projects(self) -> Iterator[Project]:
        """One's projects, newest first, fetched page by page as they are asked for."""
        return self._pages("/v1/projects")

    def get_project(self, project_id: str) -> Project:
        return self._json("GET", _path("projects", project_id))

    def rename_project(self, project_id: str, name: str) -> Project:
        return self._json("PATCH", _path("projects", project_id), json={"name": name})

    def delete_project(self, project_id: str) -> None:
        self._send("DELETE", _path("projects", project_id))

    def upload_image(self, project_id: str, image: bytes) -> Artifact:
        """Store a reference image (PNG, JPEG, WebP or GIF) for the project's prompts."""
        headers = {"Content-Type": "application/octet-stream"}
        return self._json("POST", _path("projects", project_id, "images"), content=image, headers=headers)

    # --- jobs

    def create_job(
        self,
        project_id: str,
        prompt: str,
        *,
        model: str | None = None,
        formats: Sequence[str] | None = None,
        image_ids: Sequence[str] = (),
    ) -> Job:
        """Send a prompt to a project; answers at once. `formats` None takes the server's default."""
        body: dict[str, Any] = {"prompt": prompt, "model": model, "image_ids": list(image_ids)}
        if formats is not None:
            body["formats"] = list(formats)
        return self._json("POST", _path("projects", project_id, "jobs"), json=body)

    def export_project(self, project_id: str, file_format: str) -> Job:
        """Ask for the project's scene in another format; the job's artifacts hold the file."""
        return self._json("POST", _path("projects", project_id, "exports"), json={"format": file_format})

    def get_job(self, job_id: str) -> Job:
        return self._json("GET", _path("jobs", job_id))

    def list_jobs(self, *, project_id: str | None = None, state: str | None = None) -> Iterator[Job]:
        """One's jobs, newest first, fetched page by page as they are asked for."""
        wanted = {"project_id": project_id, "state": state}
        return self._pages("/v1/jobs", {name: value for name, value in wanted.items() if value is not None})

    def cancel_job(self, job_id: str) -> Job:
        """Ask a queued or running job to stop. Raises: ApiError 409: it has ended already."""
        return self._json("POST", _path("jobs", job_id, "cancel"))

    def events(self, job_id: str, after: int = 0) -> EventStream:
        """The job's events with a number above `after`, past ones first, then live, until `job.finished`."""
        return EventStream(self._http, _path("jobs", job_id, "events"), after)

    def project_events(self, project_id: str, after: int | Literal["latest"] = 0) -> EventStream:
        """The events of the project and all its jobs, each with its `job_id`; `latest`: only what is new.

        Goes on until it is closed; ApiError 404 when the project is deleted.
        """
        return EventStream(self._http, _path("projects", project_id, "events"), after, ends_with_job=False)

    # --- files

    def artifacts(self, *, project_id: str | None = None, job_id: str | None = None) -> Iterator[Artifact]:
        """The files of one project or of one job, newest first."""
        if (project_id is None) == (job_id is None):
            raise ValueError("name a project or a job, and not both")
        owner = ("projects", project_id) if project_id is not None else ("jobs", str(job_id))
        return self._pages(_path(*owner, "artifacts"))

    def get_artifact(self, artifact_id: str) -> Artifact:
        return self._json("GET", _path("artifacts", artifact_id))

    def read_artifact(self, artifact_id: str) -> bytes:
        """The file's bytes, whole, in memory."""
        return self._send("GET", _path("artifacts", artifact_id, "content")).content

    def download(self, artifact_id: str, to: Path, progress: Progress | None = None) -> int:
        """Stream the file to `to`, which appears only when it is whole. Returns: its bytes. Raises also: OSError."""
        with self._errors(), self._http.stream("GET", _path("artifacts", artifact_id, "content")) as response:
            if response.is_error:
                response.read()
                raise_for_problem(response)
            total = int(response.headers.get("Content-Length", 0))
            partial = to.with_name(f".{to.name[:100]}.{secrets.token_hex(4)}.part")
            try:
                with partial.open("xb") as file:
                    for chunk in response.iter_bytes(CHUNK_BYTES):
                        file.write(chunk)
                        if progress is not None:
                            progress(file.tell(), total)
                    done = file.tell()
                partial.replace(to)
            finally:
                partial.unlink(missing_ok=True)
        return done

    # --- how requests are made

    def _send(self, method: str, path: str, **request: Any) -> httpx2.Response:
        with self._errors():
            response = self._http.request(method, path, **request)
        raise_for_problem(response)
        return response

    def _json(self, method: str, path: str, **request: Any) -> Any:
        response = self._send(method, path, **request)
        try:
            return response.json()
        except ValueError:
            raise ApiError(response.status_code, "not_json", f"{self.base_url} is not a Prompt2Mesh server.") from None

    def _pages(self, path: str, params: dict[str, str] | None = None) -> Iterator[Any]:
        asked = dict(params or {})
        while True:
            page = self._json("GET", path, params=asked)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            asked["cursor"] = page["next_cursor"]

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except httpx2.RequestError as error:
            raise unreachable(self.base_url, error) from error


def _path(*parts: str) -> str:
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)
