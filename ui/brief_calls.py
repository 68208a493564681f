"""The calls of briefs."""

from collections.abc import Sequence
from typing import Any

from ui.api_requests import ApiRequests, path_of
from ui.api_types import Detail, Job, Quality


class BriefCalls(ApiRequests):
    """Have a prompt made into a brief, before it is built."""

    def create_brief(
        self,
        project_id: str,
        prompt: str,
        *,
        detail: Detail = "moderate",
        model: str | None = None,
        image_ids: Sequence[str] = (),
        quality: Quality | None = None,
        max_usd: float | None = None,
        formats: Sequence[str] = (),
        key: str | None = None,
    ) -> Job:
        """Answers at once with the job (kind `refine`) whose result will hold the `brief` for `create_job`.

        `formats` are those of the build that follows; the job's `options` keep them till then.
        """
        body: dict[str, Any] = {"prompt": prompt, "detail": detail, "model": model, "image_ids": list(image_ids)}
        body |= {"quality": quality} if quality is not None else {}
        body |= {"formats": list(formats)} if formats else {}
        body |= {"max_usd": max_usd} if max_usd is not None else {}
        return self._make(path_of("projects", project_id, "briefs"), key=key, json=body)
