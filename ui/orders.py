"""What a user orders in the studio, and how it becomes jobs. No Streamlit here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ui.api_client import ApiClient, ApiError
from ui.api_types import Brief, Detail, Job, Quality
from ui.wording import shortened

USUAL_FORMATS = ("blend", "glb")


@dataclass(frozen=True)
class Order:
    """What the form says. `images` are the uploaded files' bytes, `image_ids` those that the API has already."""

    project_id: str | None
    prompt: str
    formats: Sequence[str] = ()
    images: Sequence[bytes] = ()
    quality: Quality = "standard"
    detail: Detail = "as-is"
    reads_brief: bool = False
    max_usd: float | None = None
    image_ids: Sequence[str] = ()

    def inside(self, project_id: str) -> "Order":
        """The same for this project."""
        return replace(self, project_id=project_id)

    @classmethod
    def of_job(cls, job: Job) -> "Order":
        """The order that a refine job came from: what a page that was reloaded does not know any more."""
        options = job.get("options")
        if options is None:
            return cls(job["project_id"], job["prompt"], reads_brief=True)
        return cls(
            job["project_id"],
            job["prompt"],
            formats=[name for name in options["formats"] if name not in USUAL_FORMATS],
            quality=options["quality"],
            detail=options["detail"],
            reads_brief=True,
            max_usd=options["max_usd"],
            image_ids=options["image_ids"],
        )


def place(client: ApiClient, order: Order) -> Job:
    """Send the order. Returns: its job, the brief's where it is read first; `Order.of_job` reads the rest from that.

    Raises: ClientError, with no project left behind that was made for it.
    """
    project_id = order.project_id or client.create_project(shortened(order.prompt, 60))["id"]
    try:
        image_ids = [client.upload_image(project_id, image)["id"] for image in order.images]
        sent = replace(order, project_id=project_id, images=(), image_ids=image_ids)
        return _brief_job(client, sent) if order.reads_brief else build(client, sent, None)
    except ApiError:
        if order.project_id is None:
            client.delete_project(project_id)
        raise


def build(client: ApiClient, order: Order, brief: Brief | None) -> Job:
    """Build what was sent, by the brief if there is one. Raises: ClientError."""
    return client.create_job(
        str(order.project_id),
        order.prompt,
        formats=[*USUAL_FORMATS, *order.formats],
        image_ids=order.image_ids,
        quality=order.quality,
        detail="as-is" if order.reads_brief else order.detail,
        brief=brief,
        max_usd=order.max_usd,
    )


def _brief_job(client: ApiClient, order: Order) -> Job:
    return client.create_brief(
        str(order.project_id),
        order.prompt,
        detail=order.detail,
        image_ids=order.image_ids,
        quality=order.quality,
        max_usd=order.max_usd,
        formats=order.formats,
    )
