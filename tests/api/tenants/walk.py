"""A walk through every operation of the document, as somebody who asks for what is another's.

An id that is another user's must get the same answer as one of nothing, no answer may tell anything of the other, and
no row of theirs may change.
"""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from cloud.projects.pages import Cursor
from tests.api.every_route import JSON, Route, plausible, resolved
from tests.api.tenants.estate import Estate, Settling
from tests.api.tenants.rows_of import RowsOf

OF_FIELDS = {
    "actor": "user_id",
    "image_ids": "image_id",
    "expected_head": "snapshot_id",
    "a": "snapshot_id",
    "b": "snapshot_id",
}
"""Which kind of id a field of a body or query holds, where its name is not that of the kind."""
_FOR_ANY_USER = {"values": {"A": 1}}


@dataclass(frozen=True)
class Call:
    """One request of the walk; `guess` is the same with ids of nothing instead of the other's."""

    route: Route
    case: str
    path: Mapping[str, str]
    guess_path: Mapping[str, str]
    params: Mapping[str, str] = field(default_factory=dict)
    guess_params: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    guess_body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_absent: bool = True
    """Whether the answer must be 404: it is about a thing that is named in the address."""


class UnknownId(AssertionError):
    """The document has an id that the walk cannot fill in."""

    def __init__(self, route: Route, name: str) -> None:
        super().__init__(
            f"{route} takes {name!r}, and the walk knows no such id: make a row of that kind in "
            "tests/api/tenants/estate.py (or name its kind in OF_FIELDS of tests/api/tenants/walk.py)."
        )


class TenantWalk:
    """`find_holes` is the walk; `victim` is the user whose rows must stay unseen and unchanged."""

    def __init__(self, url: str, settling: Settling, rows_of: RowsOf, *, as_admin: bool = False) -> None:
        self._client = httpx2.Client(base_url=url, timeout=30)
        self._settling = settling
        self._rows_of = rows_of
        self._as_admin = as_admin
        self.victim = settling.settle()
        self._stranger: Estate | None = None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def find_holes(self, route: Route) -> list[str]:
        """What one route gives away or lets be changed; empty: nothing."""
        stranger = self._stranger or self._settling.settle(is_admin=self._as_admin)
        before = self._rows_of(self.victim)
        holes: list[str] = []
        for call in self._calls(route, stranger):
            answer = self._send(call, stranger, call.path, call.params, call.body)
            holes += [f"{route}, {call.case}: {what}" for what in self._faults(call, answer, stranger)]
        # What changes something may have changed the stranger too, be it that they are signed out.
        self._stranger = stranger if route.method == "GET" else None
        if self._rows_of(self.victim) != before:
            holes.append(f"{route}: rows of the other user have changed")
            self.victim = self._settling.settle()
        return holes

    def _faults(self, call: Call, answer: httpx2.Response, stranger: Estate) -> Iterator[str]:
        yield from self._leaks(call, answer)
        if (call.path, call.params, call.body) == (call.guess_path, call.guess_params, call.guess_body):
            return
        guessed = self._send(call, stranger, call.guess_path, call.guess_params, call.guess_body)
        if call.is_absent and (answer.status_code, _code(answer)) != (404, "not_found"):
            yield f"answers {answer.status_code} {_code(answer)} instead of 404 not_found"
        if _shape(answer) != _shape(guessed):
            yield f"answers {_shape(answer)} to what is another's, and {_shape(guessed)} to what is nobody's"

    def _leaks(self, call: Call, answer: httpx2.Response) -> Iterator[str]:
        sent = f"{call.path} {call.params} {call.body}"
        told = answer.text + str(answer.headers)
        if self.victim.mark in told:
            yield "shows what the other user has written"
        for one in self.victim.all_ids():
            if one in told and one not in sent:
                yield "shows an id of the other user"
                return

    def _calls(self, route: Route, stranger: Estate) -> Iterator[Call]:
        body = plausible_body(route)
        own = {name: _known(route, name, stranger.ids) for name in route.ids}
        theirs = {name: _known(route, name, self.victim.ids) for name in route.ids}
        gone = {name: _known(route, name, {**self.victim.ids, **self.victim.gone}) for name in route.ids}
        nothing = {name: _id_of_nothing(name) for name in route.ids}
        if route.ids:
            yield Call(route, "another's ids", theirs, nothing, body=body, guess_body=body)
            yield Call(route, "ids of another's deleted project", gone, nothing, body=body, guess_body=body)
        if len(route.ids) > 1:
            for name in route.ids:
                mixed, guess = own | {name: theirs[name]}, own | {name: nothing[name]}
                yield Call(route, f"one's own ids, another's {name}", mixed, guess, body=body, guess_body=body)
        if not route.streams:
            yield from self._calls_within(route, own, body)

    def _calls_within(self, route: Route, own: Mapping[str, str], body: Any) -> Iterator[Call]:
        """With one's own ids in the address, and another's elsewhere."""
        yield Call(route, "one's own ids alone", own, own, body=body, guess_body=body, is_absent=False)
        for name in uuid_fields(route):
            theirs, nothing = _known(route, OF_FIELDS.get(name, name), self.victim.ids), str(uuid.uuid4())
            filled, guess = _with_field(route, body, name, theirs), _with_field(route, body, name, nothing)
            yield Call(route, f"another's id as {name}", own, own, body=filled, guess_body=guess, is_absent=False)
        for name in route.query:
            theirs = self._query_value(route, name)
            if theirs is not None:
                guess = {name: theirs[1]}
                yield Call(
                    route,
                    f"another's {name} in the query",
                    own,
                    own,
                    {name: theirs[0]},
                    guess,
                    body=body,
                    guess_body=body,
                    is_absent=False,
                )
        if "idempotency-key" in route.headers:
            key = {"Idempotency-Key": self.victim.idempotency_key}
            yield Call(
                route, "another's idempotency key", own, own, body=body, guess_body=body, headers=key, is_absent=False
            )

    def _query_value(self, route: Route, name: str) -> tuple[str, str] | None:
        """Another's value of it, and one that means nothing; None: it holds no id."""
        if name == "cursor":
            later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
            theirs = Cursor(later, uuid.UUID(self.victim.ids["project_id"])).encode()
            return theirs, Cursor(later, uuid.uuid4()).encode()
        schema = resolved(route.parameter(name)["schema"])
        if schema.get("format") == "uuid":
            return _known(route, OF_FIELDS.get(name, name), self.victim.ids), str(uuid.uuid4())
        return None

    def _send(
        self, call: Call, stranger: Estate, path: Mapping[str, str], params: Mapping[str, str], body: Any
    ) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {stranger.token}", **call.headers}
        json = body if JSON in call.route.takes else None
        return self._client.request(
            call.route.method, call.route.path.format(**path), params=params, json=json, headers=headers
        )


def plausible_body(route: Route) -> Any:
    """A body that the document allows; None: it takes none, or no JSON."""
    if JSON not in route.takes:
        return None
    made = plausible(route.takes[JSON])
    return {name: _FOR_ANY_USER.get(name, value) for name, value in made.items()} if isinstance(made, dict) else made


def uuid_fields(route: Route) -> list[str]:
    """The names of the fields of its JSON that hold ids."""
    properties = resolved(route.takes.get(JSON, {})).get("properties", {})
    return sorted(name for name, schema in properties.items() if "'uuid'" in str(_opened(schema)))


def _opened(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = resolved(schema)
    return {**schema, "items": resolved(schema["items"])} if "items" in schema else schema


def _with_field(route: Route, body: Any, name: str, value: str) -> Any:
    schema = resolved(resolved(route.takes[JSON])["properties"][name])
    return {**(body or {}), name: [value] if schema.get("type") == "array" else value}


def _known(route: Route, name: str, ids: Mapping[str, str]) -> str:
    if name not in ids:
        raise UnknownId(route, name)
    return ids[name]


def _id_of_nothing(name: str) -> str:
    return uuid.uuid4().hex[:8] if name == "user_code" else str(uuid.uuid4())


def _code(answer: httpx2.Response) -> str:
    is_problem = answer.headers.get("Content-Type") == "application/problem+json"
    return answer.json()["code"] if is_problem else ""


def _shape(answer: httpx2.Response) -> tuple[Any, ...]:
    """What a client can tell two answers apart by, but for times, ids and lengths."""
    is_json = "json" in answer.headers.get("Content-Type", "") and answer.content
    fields = sorted(answer.json()) if is_json and isinstance(answer.json(), dict) else []
    return answer.status_code, _code(answer), answer.headers.get("Content-Type"), sorted(set(answer.headers)), fields
