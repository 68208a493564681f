"""A job's files on this machine: the folder for them, and bringing them there."""

import contextlib
import json
import secrets
import time
from pathlib import Path
from typing import Any

from cloud.errors import InvalidInput
from cloud.jobs.prompt import slug_of
from ui.api_client import ApiClient, ApiError
from ui.api_types import Artifact, Job

CANCEL_WAIT_S = 5.0
NO_USAGE = {"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0, "usd": 0.0}


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
        **{
            "model": job["model"],
            "objects": 0,
            "triangles": 0,
            "steps": 0,
            "tool_calls": 0,
            "seconds": 0.0,
            "usage": NO_USAGE,
            **facts,
        },
        "summary": facts.get("summary", ""),
        "not_built": facts.get("not_built", []),
        "error": job["error"],
        "files": files,
    }
    (folder / "result.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return result


def _results_of(client: ApiClient, job: Job) -> list[Artifact]:
    order = {"scene": 0, "preview": 1, "script": 2, "turntable": 3}
    wanted = [artifact for artifact in client.artifacts(job_id=job["id"]) if artifact["kind"] in order]
    return sorted(wanted, key=lambda artifact: (order[artifact["kind"]], artifact["name"]))
