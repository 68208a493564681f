"""What a page knows of a scene's parameters, and how changes become jobs: one at a time. No Streamlit here."""

import time
from dataclasses import dataclass, field

from ui.api_client import ApiClient, ApiError
from ui.api_types import Job, Parameter, Project
from ui.parameter_values import Value, same, told, value_of

ENDED = frozenset({"succeeded", "failed", "cancelled"})
_USUAL_S = 3.0
_NO_CHANGE = "Nothing in the scene changed"


@dataclass
class ParameterState:
    """Of one project in one tab.

    `head` is the scene whose parameters `items` are, `model` its 3D model that the page shows. `first` is each one's
    value when it was first seen here. `wanted` waits for `job`, which applies `sent`; later values take the place of
    those that wait. `notice` and `trouble` are sentences on what the last change came to.
    """

    project_id: str
    head: str | None = None
    model: str | None = None
    items: list[Parameter] = field(default_factory=list)
    first: dict[str, Value] = field(default_factory=dict)
    wanted: dict[str, Value] = field(default_factory=dict)
    sent: dict[str, Value] = field(default_factory=dict)
    job: Job | None = None
    began: float = 0.0
    usual_s: float = _USUAL_S
    notice: str = ""
    trouble: str = ""

    def read(self, client: ApiClient, project: Project) -> None:
        """Know the parameters of the project's scene. Raises: ClientError."""
        head, self.model = project["head_snapshot_id"], project["model_id"]
        if head == self.head:
            return
        items: list[Parameter] = []
        if head is not None:
            listed = client.parameters(self.project_id)
            head, items = listed["head_snapshot_id"], listed["items"]
        self.head, self.items = head, items
        for item in items:
            self.first.setdefault(item["id"], value_of(item))
        known = {item["id"] for item in items}
        self.wanted = {own_id: value for own_id, value in self.wanted.items() if own_id in known}

    def item(self, own_id: str) -> Parameter | None:
        """The parameter of this id; None: the scene has none such any more."""
        return next((item for item in self.items if item["id"] == own_id), None)

    def value(self, item: Parameter) -> Value:
        """What the screen shows: what is wanted, else what the scene has."""
        current = value_of(item)
        return self.wanted.get(item["id"], self.sent.get(item["id"], current))

    def want(self, own_id: str, value: Value) -> None:
        """Have this value as soon as may be."""
        item = self.item(own_id)
        if item is None:
            return
        self.notice = self.trouble = ""
        self.wanted.pop(own_id, None)
        if not same(value, self.value(item)):
            self.wanted[own_id] = value
        elif self.job is None:
            self.notice = f"{item['label']} is {told(item, value)} already."

    def want_first(self, own_id: str | None = None) -> None:
        """Go back to what it was: this parameter, or all."""
        for item in self.items:
            if own_id in {None, item["id"]} and self.is_changed(item):
                self.want(item["id"], self.first[item["id"]])

    def is_changed(self, item: Parameter) -> bool:
        """Whether it is another value than at first."""
        return not same(self.value(item), self.first[item["id"]])

    @property
    def busy(self) -> bool:
        """A change is being applied, or is about to be."""
        return self.job is not None or bool(self.wanted)

    @property
    def seconds(self) -> float:
        """How long the change has been at work."""
        return time.monotonic() - self.began if self.job is not None else 0.0

    @property
    def fraction(self) -> float:
        """How far it is, by how long the last one took; never quite at the end."""
        return min(self.seconds / self.usual_s, 0.95) if self.job is not None else 0.0

    @property
    def applying(self) -> str:
        """The change at work, in words."""
        known = ((self.item(own_id), value) for own_id, value in self.sent.items())
        parts = [f"{item['label']} {told(item, value)}" for item, value in known if item is not None]
        return ", ".join(parts) or "the change"

    def adopt(self, job: Job) -> None:
        """Follow a change that was asked for before the page was loaded, or in another tab."""
        if self.job is None:
            self.job, self.began = job, time.monotonic()

    def go_on(self, client: ApiClient) -> bool:
        """See how the change stands, and send what waits when it has ended.

        Returns: whether the page has something new to show: another model (the job goes on to make files), or the end.
        Raises: ClientError, with nothing lost.
        """
        news = False
        if self.job is not None:
            job = client.get_job(self.job["id"])
            news = client.get_project(self.project_id)["model_id"] not in {None, self.model}
            if job["state"] in ENDED:
                self._end(job)
                news = True
        if self.job is None and self.wanted and not news:
            self._send(client)
            news = self.job is None
        return news

    def stop(self, client: ApiClient) -> None:
        """Leave the scene as it is. Raises: ClientError."""
        self.wanted.clear()
        if self.job is not None:
            client.cancel_job(self.job["id"])

    def _end(self, job: Job) -> None:
        words, seconds = self.applying, self.seconds
        self.job, self.sent = None, {}
        if job["state"] == "succeeded":
            self.usual_s = max(seconds, 0.5)
            summary = (job["result"] or {}).get("summary", "")
            self.notice = f"{words}: done in {seconds:.1f} s."
            if _NO_CHANGE in summary:
                self.notice = f"{words}: {summary[summary.index(_NO_CHANGE) :]}"
        elif job["state"] == "cancelled":
            self.notice = "Stopped; the scene is as it was."
        else:
            self.trouble = job["error"]["message"] if job["error"] else "The change failed; the scene is as it was."

    def _send(self, client: ApiClient) -> None:
        """Ask for what is wanted. What the API refuses goes back to what it was."""
        wanted, self.wanted = self.wanted, {}
        wanted = {own_id: value for own_id, value in wanted.items() if self._differs(own_id, value)}
        if not wanted:
            return
        try:
            self.job = client.change_parameters(self.project_id, wanted, self.head)
        except ApiError as error:
            if error.code == "scene_changed":
                self.trouble = "The scene has been changed elsewhere, so nothing was applied; set the value again."
            elif error.status in {403, 409, 422}:
                self.trouble = str(error)
            else:
                self.wanted = wanted
                raise
            return
        self.sent, self.began = wanted, time.monotonic()

    def _differs(self, own_id: str, value: Value) -> bool:
        item = self.item(own_id)
        return item is not None and not same(value, value_of(item))
