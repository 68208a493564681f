"""What a page knows of the timeline that it shows, and what the timeline's buttons and keys do. No Streamlit here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ui.api_client import ApiClient, ApiError
from ui.api_types import Job, Project

BUSY_KINDS = frozenset({"build", "import", "parameters"})
"""Jobs that leave steps."""

ENDED = frozenset({"succeeded", "failed", "cancelled"})

_DONE = {"undo": "Undone.", "redo": "Redone.", "restore": "Restored."}


@dataclass
class TimelineState:
    """Of one project in one tab.

    `selected` is the step that is looked at, `second` the one that it is compared with; while `choosing` the next
    click names that one. `head` is the scene that the page has shown last. `notice` and `trouble` are sentences on
    what was done last, `moved` says that the rest of the page is to be drawn anew. `jobs` are those that this page has
    asked for, by what they are for.
    """

    project_id: str
    head: str | None = None
    selected: str | None = None
    second: str | None = None
    choosing: bool = False
    notice: str = ""
    trouble: str = ""
    moved: bool = False
    jobs: dict[tuple[str, ...], Job] = field(default_factory=dict)

    def job(self, client: ApiClient, *asked_for: str) -> Job | None:
        """How the job stands that was asked for this, if one was. Raises: ClientError."""
        job = self.jobs.get(asked_for)
        if job is not None and job["state"] not in ENDED:
            job = self.jobs[asked_for] = client.get_job(job["id"])
        return job

    def look(self, snapshot_id: str | None) -> None:
        """Look at this step alone; None: at none."""
        self.selected, self.second, self.choosing = snapshot_id, None, False
        self.notice = self.trouble = ""

    def compare(self, snapshot_id: str | None) -> None:
        """Put this step beside the one that is looked at."""
        self.choosing = False
        if self.selected is None or snapshot_id == self.selected:
            self.look(snapshot_id)
        else:
            self.second = snapshot_id

    def hear(self, client: ApiClient, messages: Sequence[dict[str, Any]]) -> None:
        """Do what the filmstrip asks. Raises: ClientError but what a move is refused with."""
        for message in messages:
            what, snapshot_id = message.get("what"), message.get("id")
            if what in {"undo", "redo"}:
                self.step_through(client, str(what))
            elif what == "look":
                self.look(str(snapshot_id))
            elif what == "compare":
                self.compare(str(snapshot_id))
            elif what == "close":
                self.look(None)

    def step_through(self, client: ApiClient, what: str) -> None:
        """Undo or redo a step of the scene that the page shows."""
        call = client.undo if what == "undo" else client.redo
        self._move(what, lambda: call(self.project_id, expected_head=self.head))

    def restore(self, client: ApiClient, snapshot_id: str) -> None:
        """Make the scene this step's."""
        self._move("restore", lambda: client.restore_snapshot(self.project_id, snapshot_id, expected_head=self.head))

    def _move(self, what: str, call: Callable[[], Project]) -> None:
        self.notice = self.trouble = ""
        try:
            project = call()
        except ApiError as error:
            if error.status != 409:
                raise
            self.trouble = _refusal(what, error)
            self.moved = error.code == "scene_changed"
            return
        self.head, self.notice, self.moved = project["head_snapshot_id"], _DONE[what], True


def _refusal(what: str, error: ApiError) -> str:
    """Why the scene stays where it is."""
    if error.code == "scene_changed":
        undone = {"undo": "nothing was undone", "redo": "nothing was redone", "restore": "nothing was restored"}[what]
        return f"The scene has been changed elsewhere, so {undone}; here it is as it stands now. Try again."
    return str(error)
