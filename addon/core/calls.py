"""The calls of the API that the add-on makes, each with checked answers. For one thread; errors are Transport's."""

import datetime as dt
import email.utils
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from . import fields
from .address import checked_page
from .device_grant import DeviceGrant
from .messages import Build
from .problems import BadAnswer, Refused
from .transport import JSON_LIMIT_BYTES, Answer, Transport, parsed
from .types import Brief, Card, Job, Parameters, Snapshot, User
from .versions import ServerVersion

CLIENT = "add-on"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
UPLOAD_S = 3600.0
PAGE = 50


@dataclass(frozen=True)
class Page:
    """Some items of a list, and how to ask for the next ones; `cursor` "": there are no more."""

    items: tuple[Any, ...]
    cursor: str


class Calls:
    """What can be asked of the server."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    # --- who one is, and what the server is

    def version(self) -> ServerVersion | None:
        """None: the server is older than this question."""
        try:
            return ServerVersion.of(self.transport.json("GET", "/v1/version"))
        except Refused as refusal:
            if refusal.status in (401, 404) and refusal.code != "not_a_problem":
                return None
            raise

    def me(self) -> User:
        return User.of(self.transport.json("GET", "/v1/me"))

    def end_session(self) -> None:
        """Revoke the token."""
        self.transport.json("DELETE", "/v1/sessions/current", limit_s=10.0)

    def begin_device_sign_in(self, device_name: str) -> DeviceGrant:
        form = {"client_id": CLIENT, "device_name": device_name[:64]}
        data = fields.mapping(self.transport.json("POST", "/v1/device/authorize", data=form), "the code")
        server = self.transport.config.address
        return DeviceGrant(
            device_code=fields.text(data, "device_code", 500),
            user_code=fields.line(data, "user_code", 40),
            page=checked_page(fields.text(data, "verification_uri"), server),
            page_with_code=checked_page(fields.text(data, "verification_uri_complete"), server),
            lasts_s=min(max(fields.number(data, "expires_in"), 0.0), 3600.0),
            interval_s=min(max(fields.number(data, "interval", 5.0), 1.0), 60.0),
        )

    def ask_for_device_token(self, device_code: str) -> str:
        """One poll. Raises: Refused: `authorization_pending`, `slow_down`, `access_denied`, `expired_token`, …"""
        form = {"grant_type": GRANT_TYPE, "device_code": device_code, "client_id": CLIENT}
        data = fields.mapping(self.transport.json("POST", "/v1/device/token", data=form, limit_s=20.0), "the token")
        return fields.text(data, "access_token", 500)

    # --- projects and their history

    def cards(self, query: str, sort: str, cursor: str) -> Page:
        asked = {"query": query[:500], "sort": sort, "cursor": cursor, "limit": str(PAGE)}
        return self._page("/v1/projects", Card.of, {name: value for name, value in asked.items() if value})

    def card(self, project_id: str) -> Card:
        return Card.of(self.transport.json("GET", path_of("projects", project_id, "card")))

    def create_project(self, name: str) -> Card:
        return Card.of(self.transport.make("/v1/projects", json={"name": name}))

    def delete_project(self, project_id: str) -> None:
        self.transport.json("DELETE", path_of("projects", project_id))

    def snapshots(self, project_id: str, cursor: str) -> Page:
        asked = {"limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
        return self._page(path_of("projects", project_id, "snapshots"), Snapshot.of, asked)

    def snapshot(self, project_id: str, snapshot_id: str) -> Snapshot:
        return Snapshot.of(self.transport.json("GET", path_of("projects", project_id, "snapshots", snapshot_id)))

    def move(self, project_id: str, how: str, snapshot_id: str | None) -> None:
        """`how`: undo, redo or restore (to `snapshot_id`, or `empty`)."""
        parts = ("snapshots", snapshot_id or "empty", "restore") if how == "restore" else (how,)
        self.transport.json("POST", path_of("projects", project_id, *parts), json={})

    def branch(self, project_id: str, snapshot_id: str, name: str | None) -> Card:
        path = path_of("projects", project_id, "snapshots", snapshot_id, "branch")
        return Card.of(self.transport.json("POST", path, json={"name": name}))

    def parameters(self, project_id: str) -> Parameters:
        return Parameters.of(self.transport.json("GET", path_of("projects", project_id, "parameters")))

    def change_parameters(self, project_id: str, values: Mapping[str, Any], expected_head: str | None) -> Job:
        body: dict[str, Any] = {"values": dict(values)}
        body |= {"expected_head": expected_head} if expected_head is not None else {}
        return Job.of(self.transport.make(path_of("projects", project_id, "parameters"), json=body))

    # --- jobs

    def jobs(self, *, project_id: str | None = None, state: str | None = None, limit: int = 20) -> tuple[Job, ...]:
        asked = {"project_id": project_id, "state": state, "limit": str(limit)}
        given = {name: value for name, value in asked.items() if value is not None}
        return self._page("/v1/jobs", Job.of, given).items

    def job(self, job_id: str) -> tuple[Job, dt.datetime | None]:
        """The job, and the server's time as it answered."""
        with self._json_answer(path_of("jobs", job_id)) as (data, answer):
            return Job.of(data), server_time(answer)

    def job_options(self, job_id: str) -> dict[str, Any]:
        """How a job was ordered, as `create_job` takes it: `prompt` and what goes with it."""
        data = fields.mapping(self.transport.json("GET", path_of("jobs", job_id)), "a job")
        options = fields.mapping(data.get("options") or {}, "options")
        kept = {name: options[name] for name in ("quality", "max_usd", "image_ids") if options.get(name) is not None}
        prompt = data.get("prompt")
        if not isinstance(prompt, str):
            raise BadAnswer("a job has no prompt")
        return {"prompt": prompt, "formats": _formats(options), **kept}

    def order(self, project_id: str, order: Build, image_ids: tuple[str, ...]) -> Job:
        """Send a prompt: have it built, or its brief written first."""
        body: dict[str, Any] = {"prompt": order.prompt, "image_ids": list(image_ids), "quality": order.quality}
        body |= {"max_usd": order.max_usd} if order.max_usd is not None else {}
        body["detail"] = order.detail
        where = "briefs" if order.reads_brief and order.detail != "as-is" else "jobs"
        return Job.of(self.transport.make(path_of("projects", project_id, where), json=body))

    def build_brief(self, project_id: str, brief: Brief, options: Mapping[str, Any]) -> Job:
        body = {**options, "brief": brief.as_json(), "detail": "as-is"}
        return Job.of(self.transport.make(path_of("projects", project_id, "jobs"), json=body))

    def cancel_job(self, job_id: str) -> Job:
        return Job.of(self.transport.json("POST", path_of("jobs", job_id, "cancel"), again=True))

    # --- files that go there

    def upload_image(self, project_id: str, content: bytes, name: str) -> str:
        """The id of the reference picture."""
        answer = self.transport.json(
            "POST",
            path_of("projects", project_id, "images"),
            limit_s=UPLOAD_S,
            params={"name": name} if name else {},
            data=content,
            headers={"Content-Type": "application/octet-stream"},
        )
        return fields.identifier(fields.mapping(answer, "the picture"), "id")

    def import_scene(self, project_id: str, pieces: Iterator[bytes], size: int, name: str) -> Job:
        """Bring a 3D file into the project's scene; `size` is what `pieces` come to."""
        answer = self.transport.json(
            "POST",
            path_of("projects", project_id, "imports"),
            limit_s=UPLOAD_S,
            params={"name": name},
            data=Sized(pieces, size),
            headers={"Content-Type": "application/octet-stream"},
        )
        return Job.of(answer)

    # --- what comes from there

    def offered_blend(self, project_id: str, snapshot_id: str | None) -> tuple[str, str | None]:
        """Which step the scene is, and the artifact that is its delivered `.blend` (None: the step's own will do).

        Raises: Refused: the scene is empty.
        """
        asked = {"snapshot_id": snapshot_id} if snapshot_id else {}
        path = path_of("projects", project_id, "downloads")
        data = fields.mapping(self.transport.json("GET", path, params=asked), "the downloads")
        step = fields.optional_id(data, "snapshot_id")
        if step is None:
            raise Refused(409, "nothing_to_download", "The project's scene is empty; build something first.", "user")
        offered = fields.items(data, "items", 50, lambda each: fields.mapping(each, "a download"))
        for offer in offered:
            if offer.get("kind") == "scene" and offer.get("state") == "ready":
                files = fields.items(offer, "files", 50, lambda each: fields.mapping(each, "a file"))
                if files and fields.line(files[0], "name", default="").endswith(".blend"):
                    return step, fields.optional_id(files[0], "artifact_id")
        return step, None

    def artifact(self, artifact_id: str) -> tuple[int, str]:
        """The bytes and the SHA-256 of a file."""
        data = fields.mapping(self.transport.json("GET", path_of("artifacts", artifact_id)), "a file")
        return fields.whole(data, "bytes"), fields.digest(data, "sha256")

    @contextmanager
    def _json_answer(self, path: str) -> Iterator[tuple[Any, Answer]]:
        with self.transport.open("GET", path) as answer:
            yield parsed(answer.whole(JSON_LIMIT_BYTES)), answer

    def _page(self, path: str, make: Any, asked: Mapping[str, str]) -> Page:
        data = fields.mapping(self.transport.json("GET", path, params=dict(asked)), "a list")
        return Page(fields.items(data, "items", 200, make), fields.text(data, "next_cursor", 2_000, ""))


class Sized:
    """Pieces of a file for `requests`, which sends what has a length without cutting it into chunks."""

    def __init__(self, pieces: Iterator[bytes], size: int) -> None:
        self._pieces = pieces
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces


def path_of(*parts: str) -> str:
    """The address of a resource below `/v1`."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def server_time(answer: Answer) -> dt.datetime | None:
    """The server's clock, to a second; None: it does not say."""
    said = answer.header("Date")
    if not said or len(said) > 60:
        return None
    try:
        found = email.utils.parsedate_to_datetime(said)
    except (ValueError, TypeError, IndexError):
        return None
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found


def file_name(path: Path) -> str:
    """What the model is told of a file: its name without anything that could be a path."""
    return fields.clean(path.name, 100)


def _formats(options: Mapping[str, Any]) -> list[str]:
    """The formats of an order, with those that every build makes."""
    asked = fields.lines(options, "formats", 20, 40)
    return [*dict.fromkeys(("blend", "glb", *asked))]
