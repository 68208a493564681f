"""The one HTTP client of our API, shared by the web UI and the command line: synchronous and typed.

It imports neither Streamlit nor `cloud`, so that a command line starts fast and works against any server.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ui.account_calls import AccountCalls
from ui.add_on_calls import AddOnCalls
from ui.admin_calls import AdminCalls
from ui.api_errors import ApiError, ApiUnreachable, ClientError
from ui.api_requests import Progress, path_of
from ui.api_types import Artifact, Detail, Job, JobEvent, Project, Quality
from ui.audit_calls import AuditCalls
from ui.batch_calls import BatchCalls
from ui.brief_calls import BriefCalls
from ui.device_calls import DeviceCalls
from ui.download_calls import DownloadCalls
from ui.event_stream import EventStream
from ui.gallery_calls import GalleryCalls
from ui.history_calls import HistoryCalls
from ui.import_calls import ImportCalls
from ui.keeping_calls import KeepingCalls
from ui.model_calls import ModelCalls
from ui.oidc_calls import OidcCalls
from ui.oversight_calls import OversightCalls
from ui.parameter_calls import ParameterCalls
from ui.privacy_calls import PrivacyCalls
from ui.share_calls import ShareCalls
from ui.sign_in_calls import SignInCalls
from ui.usage_calls import UsageCalls

__all__ = ["ApiClient", "ApiError", "ApiUnreachable", "ClientError", "EventStream", "JobEvent"]


class ApiClient(
    AccountCalls,
    AddOnCalls,
    AuditCalls,
    AdminCalls,
    BatchCalls,
    BriefCalls,
    DeviceCalls,
    DownloadCalls,
    GalleryCalls,
    HistoryCalls,
    ImportCalls,
    KeepingCalls,
    ModelCalls,
    OidcCalls,
    OversightCalls,
    ParameterCalls,
    PrivacyCalls,
    ShareCalls,
    SignInCalls,
    UsageCalls,
):
    """One user's connection to the API. Safe for use by many threads, except `log_in` and `log_out`.

    Every call has time limits and raises what `ApiRequests` does.
    """

    # --- projects

    def create_project(self, name: str, *, key: str | None = None) -> Project:
        """It makes one project, however often it has to be sent; with the same `key`, also over several calls."""
        return self._make("/v1/projects", key=key, json={"name": name})

    def list_projects(self) -> Iterator[Project]:
        """One's projects, newest first, fetched page by page as they are asked for."""
        return self._pages("/v1/projects")

    def get_project(self, project_id: str) -> Project:
        return self._json("GET", path_of("projects", project_id))

    def rename_project(self, project_id: str, name: str) -> Project:
        return self._json("PATCH", path_of("projects", project_id), json={"name": name})

    def upload_image(self, project_id: str, image: bytes, name: str = "") -> Artifact:
        """Store a reference image (PNG, JPEG, WebP or GIF) for the project's prompts; the model is told its `name`."""
        headers = {"Content-Type": "application/octet-stream"}
        asked = {"params": {"name": name}} if name else {}
        return self._json("POST", path_of("projects", project_id, "images"), content=image, headers=headers, **asked)

    # --- jobs

    def create_job(
        self,
        project_id: str,
        prompt: str,
        *,
        model: str | None = None,
        formats: Sequence[str] | None = None,
        image_ids: Sequence[str] = (),
        quality: Quality | None = None,
        detail: Detail | None = None,
        brief: Mapping[str, Any] | None = None,
        max_usd: float | None = None,
        key: str | None = None,
    ) -> Job:
        """Send a prompt to a project; answers at once. What is None takes the server's default.

        It makes one job, however often it has to be sent; with the same `key`, also over several calls.
        """
        body: dict[str, Any] = {"prompt": prompt, "model": model, "image_ids": list(image_ids)}
        said = {"formats": formats, "quality": quality, "detail": detail, "brief": brief, "max_usd": max_usd}
        body |= {name: value for name, value in said.items() if value is not None}
        return self._make(path_of("projects", project_id, "jobs"), key=key, json=body)

    def export_project(self, project_id: str, file_format: str) -> Job:
        """Ask for the project's scene in another format, or as `turntable.gif` or `turntable.mp4`.

        The job's artifacts hold the file.
        """
        return self._make(path_of("projects", project_id, "exports"), json={"format": file_format})

    def get_job(self, job_id: str) -> Job:
        return self._json("GET", path_of("jobs", job_id))

    def list_jobs(self, *, project_id: str | None = None, state: str | None = None) -> Iterator[Job]:
        """One's jobs, newest first, fetched page by page as they are asked for."""
        wanted = {"project_id": project_id, "state": state}
        return self._pages("/v1/jobs", {name: value for name, value in wanted.items() if value is not None})

    def cancel_job(self, job_id: str) -> Job:
        """Ask a queued or running job to stop. Raises: ApiError 409: it has ended already."""
        return self._json("POST", path_of("jobs", job_id, "cancel"))

    def events(self, job_id: str, after: int = 0) -> EventStream:
        """The job's events with a number above `after`, past ones first, then live, until `job.finished`."""
        return EventStream(self._http, path_of("jobs", job_id, "events"), after)

    def project_events(self, project_id: str, after: int | Literal["latest"] = 0) -> EventStream:
        """The events of the project and all its jobs, each with its `job_id`; `latest`: only what is new.

        Goes on until it is closed; ApiError 404 when the project is deleted.
        """
        return EventStream(self._http, path_of("projects", project_id, "events"), after, ends_with_job=False)

    # --- files

    def artifacts(self, *, project_id: str | None = None, job_id: str | None = None) -> Iterator[Artifact]:
        """The files of one project or of one job, newest first."""
        if (project_id is None) == (job_id is None):
            raise ValueError("name a project or a job, and not both")
        owner = ("projects", project_id) if project_id is not None else ("jobs", str(job_id))
        return self._pages(path_of(*owner, "artifacts"))

    def get_artifact(self, artifact_id: str) -> Artifact:
        return self._json("GET", path_of("artifacts", artifact_id))

    def read_artifact(self, artifact_id: str) -> bytes:
        """The file's bytes, whole, in memory."""
        return self._read(path_of("artifacts", artifact_id, "content"))

    def download(self, artifact_id: str, to: Path, progress: Progress | None = None) -> int:
        """Stream the file to `to`, which appears only when it is whole. Returns: its bytes. Raises also: OSError."""
        return self._download(path_of("artifacts", artifact_id, "content"), to, progress)
