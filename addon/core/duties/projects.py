"""Projects and their history."""

from .. import messages as m
from ..calls import Calls
from ..inner import FindJobs
from ..problems import Refused
from ..types import Card, History, Parameters, Snapshot
from .at import At

CARDS_LIMIT = 1_000
SNAPSHOTS_LIMIT = 1_000
PICTURES_AT_ONCE = 30
JOBS_SHOWN = 10


def find_jobs(at: At, order: FindJobs) -> None:
    """Offer what goes on, but for what is followed already."""
    running = [*at.calls.jobs(state="running"), *at.calls.jobs(state="queued")]
    at.say(m.JobsFound(tuple(job for job in running if job.id != at.desk.followed)))


def list_projects(at: At, order: m.ListProjects) -> None:
    """The first page, or one more of the same list."""
    asked = (at.standing.number, order.query, order.sort)
    at.desk.listing = order
    kept: tuple[object, tuple[Card, ...], str] = at.lane.scratch.get("cards", (None, (), ""))
    goes_on = order.more and kept[0] == asked
    if goes_on and not kept[2]:
        at.say(m.ProjectsListed(kept[1], False, order.query))
        return
    before, cursor = (kept[1], kept[2]) if goes_on else ((), "")
    page = at.calls.cards(order.query, order.sort, cursor)
    known = {card.id for card in before}
    cards = (*before, *(card for card in page.items if card.id not in known))
    cursor = page.cursor if len(cards) < CARDS_LIMIT and page.items else ""
    at.lane.scratch["cards"] = (asked, cards, cursor)
    at.say(m.ProjectsListed(cards, bool(cursor), order.query))
    _show_pictures(at, [card.picture_id for card in page.items])


def open_project(at: At, order: m.OpenProject) -> None:
    """The project with its newest steps, or with more of them."""
    _open(at, order.project_id, more=order.more)


def close_project(at: At, order: m.CloseProject) -> None:
    """No project is open."""
    at.desk.open_project = None
    at.say(m.ProjectClosed())


def move(at: At, order: m.Move) -> None:
    """Undo, redo, restore."""
    at.calls.move(order.project_id, order.how, order.snapshot_id)
    _open(at, order.project_id)


def branch(at: At, order: m.Branch) -> None:
    """A new project from a step."""
    made = at.calls.branch(order.project_id, order.snapshot_id, order.name)
    _open(at, made.id)
    at.desk.list_again()


def _open(at: At, project_id: str, *, more: bool = False) -> None:
    calls = at.calls
    kept: tuple[object, tuple[Snapshot, ...], str] = at.lane.scratch.get("steps", (None, (), ""))
    asked = (at.standing.number, project_id)
    goes_on = more and kept[0] == asked and bool(kept[2])
    before, cursor = (kept[1], kept[2]) if goes_on else ((), "")
    card = calls.card(project_id)
    page = calls.snapshots(project_id, cursor)
    known = {step.id for step in before}
    steps = (*before, *(step for step in page.items if step.id not in known))
    cursor = page.cursor if len(steps) < SNAPSHOTS_LIMIT and page.items else ""
    at.lane.scratch["steps"] = (asked, steps, cursor)
    jobs = calls.jobs(project_id=project_id, limit=JOBS_SHOWN)
    at.desk.open_project = project_id
    at.say(m.ProjectOpened(History(card, steps, bool(cursor), jobs, _parameters(calls, card))))
    _show_pictures(at, [card.picture_id, *(step.thumbnail_id for step in page.items)])


def _parameters(calls: Calls, card: Card) -> Parameters | None:
    """None: the scene has none, or cannot be made anew (an import's)."""
    if card.head_snapshot_id is None:
        return None
    try:
        return calls.parameters(card.id)
    except Refused as refusal:
        if refusal.status in (409, 422):
            return None
        raise


def _show_pictures(at: At, artifact_ids: list[str | None]) -> None:
    wanted = [each for each in artifact_ids if each is not None][:PICTURES_AT_ONCE]
    if wanted:
        at.desk.pass_on(m.FetchPictures(artifact_ids=tuple(dict.fromkeys(wanted))))
