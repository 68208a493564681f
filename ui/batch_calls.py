"""The calls of batches: many prompts in one request."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypedDict

from ui.api_requests import ApiRequests, Progress, path_of
from ui.api_types import Batch, BatchSummary, Detail, Quality


class BatchPreviewItem(TypedDict):
    """One prompt as it would be built; None, and no formats: the usual ones."""

    prompt: str
    name: str
    model: str | None
    formats: list[str]
    quality: Quality | None
    detail: Detail | None
    max_usd: float | None


class BatchPreview(TypedDict):
    """A batch that can be sent as it is. `limit`: prompts of one batch at most; `most_usd`: what all may cost."""

    name: str | None
    total: int
    limit: int
    most_usd: float
    items: list[BatchPreviewItem]


class BatchCalls(ApiRequests):
    """What `ApiClient` can do with batches."""

    def create_batch(
        self, items: Sequence[str | dict[str, Any]], *, name: str | None = None, key: str | None = None
    ) -> Batch:
        """Make a project and a job of each prompt. An item is a prompt, or has `prompt`, `name`, `model`, `formats`."""
        return self._make("/v1/batches", key=key, json={"name": name, "items": list(items)})

    def send_batch_file(
        self,
        content: bytes,
        media_type: str,
        *,
        name: str | None = None,
        quality: Quality | None = None,
        detail: Detail | None = None,
        key: str | None = None,
    ) -> Batch:
        """The same from a file: application/json, text/csv, application/x-ndjson or text/plain (one prompt a line).

        `quality` and `detail` are for the prompts that do not say it themselves.
        """
        said = {"name": name, "quality": quality, "detail": detail}
        params = {name: value for name, value in said.items() if value is not None}
        headers = {"Content-Type": media_type}
        return self._make("/v1/batches", key=key, content=content, headers=headers, params=params)

    def preview_batch(
        self, content: bytes, media_type: str, *, quality: Quality | None = None, detail: Detail | None = None
    ) -> BatchPreview:
        """How such a file would be read; nothing is made. Raises: ApiError 422: it cannot be; the line is named."""
        params = {name: value for name, value in (("quality", quality), ("detail", detail)) if value is not None}
        headers = {"Content-Type": media_type}
        return self._json("POST", "/v1/batch-previews", content=content, headers=headers, params=params)

    def list_batches(self) -> Iterator[BatchSummary]:
        """One's batches, newest first, fetched page by page as they are asked for."""
        return self._pages("/v1/batches")

    def get_batch(self, batch_id: str) -> Batch:
        """How far the whole is, and each item. Cheap enough to ask every second."""
        return self._json("GET", path_of("batches", batch_id))

    def cancel_batch(self, batch_id: str) -> Batch:
        """Cancel what has not ended. Raises: ApiError 409: everything has."""
        return self._json("POST", path_of("batches", batch_id, "cancel"))

    def retry_batch(self, batch_id: str) -> Batch:
        """A new job for each item that failed or was cancelled. Raises: ApiError 409: there is none."""
        return self._json("POST", path_of("batches", batch_id, "retry"))

    def download_batch(self, batch_id: str, to: Path, progress: Progress | None = None) -> int:
        """Stream the zip of what has ended to `to`. Returns: its bytes. Raises: ApiError 409: nothing has. OSError."""
        return self._download(path_of("batches", batch_id, "archive"), to, progress)
