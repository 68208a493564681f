"""Which projects the gallery shows, and what becomes of them when the person asks. No Streamlit here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast, get_args

from ui.api_client import ApiClient
from ui.api_errors import ApiError
from ui.gallery.cards import card_of
from ui.gallery_calls import ProjectCard, ProjectSort
from ui.painted import Message
from ui.wording import count, shortened

PAGE_ITEMS = 24
_REFRESHED_AT_MOST = 8
_NAME_SAID_CHARS = 60
SORTS: dict[ProjectSort, str] = {
    "changed": "Last changed",
    "created": "Newest",
    "name": "Name, A to Z",
    "size": "Largest",
}


@dataclass
class Notice:
    """A sentence on what was just done. `undo_id`: the project that can be brought back."""

    text: str
    undo_id: str = ""


@dataclass
class Shelf:
    """The projects found so far. `chosen`: the project and the box ("share", "files") that the page shows of it.

    Every method that asks the API raises ClientError; what was there stays then.
    """

    client: ApiClient
    query: str = ""
    sort: ProjectSort = "changed"
    shows_deleted: bool = False
    items: list[ProjectCard] = field(default_factory=list)
    cursor: str | None = None
    is_loaded: bool = False
    notice: Notice | None = None
    chosen: tuple[str, str] | None = None
    opened: str | None = None
    gone: list[str] = field(default_factory=list)

    def load(self) -> None:
        """Find from the beginning."""
        page = self.client.project_cards(query=self.query, sort=self.sort, deleted=self.shows_deleted, limit=PAGE_ITEMS)
        self.items, self.cursor, self.is_loaded = list(page["items"]), page["next_cursor"], True

    def more(self) -> None:
        """The next page, if there is one. What came in twice because projects moved meanwhile is shown once."""
        if self.cursor is None:
            return
        page = self.client.project_cards(
            query=self.query, sort=self.sort, deleted=self.shows_deleted, cursor=self.cursor, limit=PAGE_ITEMS
        )
        there = {item["id"] for item in self.items}
        self.items += [item for item in page["items"] if item["id"] not in there]
        self.cursor = page["next_cursor"]

    def refresh_busy(self) -> None:
        """Ask anew for the projects with a running job. They stay where they are."""
        busy = [place for place, item in enumerate(self.items) if item.get("state") == "busy"]
        for place in reversed(busy[:_REFRESHED_AT_MOST]):
            try:
                self.items[place] = self.client.project_card(self.items[place]["id"])
            except ApiError as error:
                if error.status != 404:
                    raise
                del self.items[place]

    def act(self, message: Message) -> None:
        """Do what the person asks. Raises also: KeyError, ValueError: the message is none of ours."""
        acts: dict[str, Callable[[Message], None]] = {
            "find": self._find,
            "more": lambda _: self.more(),
            "refresh": lambda _: self.refresh_busy(),
            "rename": self._rename,
            "duplicate": self._duplicate,
            "delete": self._delete,
            "undelete": self._undelete,
            "purge": self._purge,
            "show": self._show,
            "open": self._open,
            "hush": lambda _: self._hush(),
        }
        acts[message["what"]](message)

    def shown(self) -> dict[str, Any]:
        """All that the painter needs."""
        return {
            "query": self.query,
            "sort": self.sort,
            "sorts": [{"value": value, "words": words} for value, words in SORTS.items()],
            "shows_deleted": self.shows_deleted,
            "cards": [card_of(item) for item in self.items],
            "has_more": self.cursor is not None,
            "told": self._told(),
            "empty": self._empty(),
            "notice": {"text": self.notice.text, "undo_id": self.notice.undo_id} if self.notice else None,
            "refreshes": any(item.get("state") == "busy" for item in self.items),
        }

    def _find(self, message: Message) -> None:
        sort = message["sort"]
        if sort not in get_args(ProjectSort):
            raise ValueError(f"there is no order {sort!r}")
        before = (self.query, self.sort, self.shows_deleted)
        self.query, self.sort, self.shows_deleted = (
            str(message["query"]),
            cast("ProjectSort", sort),
            bool(message["deleted"]),
        )
        try:
            self.load()
        except ApiError:
            if (self.query, self.sort, self.shows_deleted) != before:
                self.items, self.cursor = [], None
            raise

    def _rename(self, message: Message) -> None:
        item = self._item(message)
        if message["name"] == item["name"]:
            return
        item.update(cast("ProjectCard", self.client.rename_project(item["id"], message["name"])))

    def _duplicate(self, message: Message) -> None:
        item = self._item(message)
        made = self.client.duplicate_project(item["id"], key=f"duplicate-{message['n']}-{item['id']}")
        place = self.items.index(item)
        self.items.insert(place, self.client.project_card(made["id"]))
        self.notice = Notice(f"Made “{_said(made['name'])}”, a copy with its whole history.")

    def _delete(self, message: Message) -> None:
        item = self._item(message)
        self.client.delete_project(item["id"])
        self.items.remove(item)
        self.gone.append(item["id"])
        self.notice = Notice(f"Deleted “{_said(item['name'])}”.", item["id"])

    def _undelete(self, message: Message) -> None:
        back = self.client.undelete_project(message["id"])
        self.notice = Notice(f"“{_said(back['name'])}” is back.")
        self.load()

    def _purge(self, message: Message) -> None:
        item = self._item(message)
        self.client.delete_project(item["id"], purge=True)
        self.items.remove(item)
        self.notice = Notice(f"“{_said(item['name'])}” is gone for good.")

    def _show(self, message: Message) -> None:
        self.chosen = (self._item(message)["id"], str(message["box"]))

    def _open(self, message: Message) -> None:
        self.opened = self._item(message)["id"]

    def _hush(self) -> None:
        self.notice = None

    def _item(self, message: Message) -> ProjectCard:
        found = next((item for item in self.items if item["id"] == message["id"]), None)
        if found is None:
            raise ValueError("the project is not among those that are shown")
        return found

    def _told(self) -> str:
        """For the live region: how many were found."""
        if not self.items:
            return ""
        of = "deleted project" if self.shows_deleted else "project"
        number = f"{count(len(self.items), of)}{' so far' if self.cursor else ''}"
        return f"{number} with “{_said(self.query)}”" if self.query.strip() else number

    def _empty(self) -> dict[str, str] | None:
        """What is said where nothing was found: a title, what to do, and the link that leads there."""
        if self.items or not self.is_loaded:
            return None
        if self.query.strip():
            return {"title": f"Nothing matches “{_said(self.query)}”", "text": "Try fewer or other words.", "href": ""}
        if self.shows_deleted:
            return {"title": "Nothing is deleted", "text": "Deleted projects stay here for some days.", "href": ""}
        return {
            "title": "You have no projects yet",
            "text": "Describe a thing in the studio, and watch it grow.",
            "href": "./",
            "link": "Open the studio",
        }


def _said(name: str) -> str:
    return shortened(name, _NAME_SAID_CHARS)
