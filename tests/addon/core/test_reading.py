"""What comes from a server is read field by field: bounded, of the right type, or one clear error."""

import json
from typing import Any

import pytest

from addon.core import fields
from addon.core.problems import BadAnswer
from addon.core.sse import EVENT_LIMIT_BYTES, Event, Parser
from addon.core.types import Brief, Card, Job, JobResult, Parameter, Parameters, Snapshot, User
from addon.core.versions import ServerVersion, fit_of, own_version

ID = "1a111111-1111-4111-8111-111111111111"
CARD = {"id": ID, "name": "Castle", "head_snapshot_id": None, "thumbnail_id": None, "size_m": [1, 2, 3]}
PARAMETER = {"id": "HEIGHT", "type": "number", "value": 1.5, "min": 0, "max": 3}
BRIEF = {"title": "Table", "parts": [{"name": "Leg", "size_m": [0.1, 0.1, 1.0], "count": 4}], "checks": ["stands"]}
JOB = {"id": ID, "project_id": ID, "state": "queued"}

WRONG: list[tuple[Any, Any]] = [
    (User.of, None),
    (User.of, {"id": ID}),
    (User.of, {"id": ID.replace("8", "g"), "username": "Ada"}),
    (Card.of, CARD | {"name": ["x"]}),
    (Card.of, CARD | {"bytes": 1.5}),
    (Card.of, CARD | {"bytes": True}),
    (Card.of, CARD | {"bytes": 10**400}),
    (Card.of, CARD | {"size_m": [1, 2]}),
    (Card.of, CARD | {"size_m": [1, 2, "3"]}),
    (Card.of, CARD | {"can_undo": "yes"}),
    (Card.of, CARD | {"picture_id": f"{ID}/../x"}),
    (Snapshot.of, {"id": ID, "sha256": "../../x"}),
    (Parameter.of, PARAMETER | {"type": "script"}),
    (Parameter.of, PARAMETER | {"value": "high"}),
    (Parameter.of, PARAMETER | {"value": 10**400}),
    (Parameter.of, PARAMETER | {"type": "switch", "value": 1}),
    (Parameter.of, PARAMETER | {"type": "colour", "value": [1, 2]}),
    (Parameters.of, {"items": {"a": 1}}),
    (Brief.of, BRIEF | {"parts": [{"name": "Leg"}]}),
    (Brief.of, BRIEF | {"checks": [1]}),
    (Job.of, JOB | {"state": "exploded"}),
    (Job.of, JOB | {"error": "no"}),
    (JobResult.of, {"usage": []}),
    (JobResult.of, {"seconds": float("nan")}),
    (ServerVersion.of, {"version": 1}),
]


@pytest.mark.parametrize(("read", "value"), WRONG, ids=[str(number) for number in range(len(WRONG))])
def test_a_wrong_type_is_one_clear_error(read: Any, value: Any) -> None:
    with pytest.raises(BadAnswer, match="The server sent an answer that the add-on cannot use"):
        read(value)


def test_texts_and_lists_are_cut_and_unknown_fields_ignored() -> None:
    card = Card.of(CARD | {"name": "a\nb\x00" + "x" * 10_000, "new_field": {"deep": 1}, "state": "frozen"})
    assert len(card.name) <= fields.NAME_CHARS
    assert card.name.isprintable()
    assert card.state == "ready"
    assert len(Brief.of(BRIEF | {"checks": ["a"] * 1_000}).checks) == 30
    result = JobResult.of({"not_built": ["x"] * 500, "verdict": {"decision": "pass", "summary": "Good."}})
    assert (len(result.not_built), result.passed, result.verdict) == (50, True, "Good.")


def test_a_brief_goes_back_as_it_came() -> None:
    brief = Brief.of(BRIEF)
    assert Brief.of(brief.as_json()) == brief
    assert brief.parts[0].count == 4


def test_parameters_keep_the_type_of_their_value() -> None:
    assert Parameter.of(PARAMETER).value == 1.5
    assert Parameter.of(PARAMETER | {"type": "count", "value": 3}).value == 3
    assert Parameter.of(PARAMETER | {"type": "switch", "value": True}).value is True
    assert Parameter.of(PARAMETER | {"type": "colour", "value": "#ff0000"}).value == "#ff0000"
    assert Parameter.of(PARAMETER | {"type": "colour", "value": [1, 0.5, 0, 1]}).value == (1, 0.5, 0, 1)


STREAM = (
    b': ping\n\nid: 1\nevent: stage\ndata: {"stage":\ndata:  "build"}\n\nevent: text.delta\r\ndata: {}\r\n\r\nid: 2\n\n'
)


@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
def test_events_are_whole_however_the_bytes_come(size: int) -> None:
    parser = Parser()
    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    events = [event for piece in pieces for event in parser.feed(piece)]
    assert events == [Event(1, "stage", {"stage": "build"}), Event(None, "text.delta", {})]


@pytest.mark.parametrize(
    "piece",
    [b"x" * (EVENT_LIMIT_BYTES + 1), b"data: x\n" * (EVENT_LIMIT_BYTES // 2), b"data: [1]\n\n", b"data: {\n\n"],
    ids=["a line", "many lines", "a list", "no json"],
)
def test_an_event_that_is_none_is_refused(piece: bytes) -> None:
    with pytest.raises(BadAnswer):
        list(Parser().feed(piece))


@pytest.mark.parametrize(
    ("own", "server", "blocks", "words"),
    [
        ("0.1.0", {"version": "0.1.0", "add_on": {"oldest": "0.1.0", "newest": "0.1.0"}}, False, ""),
        ("0.1.0", {"version": "0.0.9"}, True, "ask its operator"),
        ("0.1.0", {"version": "2.0.0", "add_on": {"oldest": "1.0.0"}}, True, "update it"),
        ("0.1.0", {"version": "0.2.0", "add_on": {"oldest": "0.1.0", "newest": "0.2.0"}}, False, "Version 0.2.0"),
        ("0.10.0", {"version": "0.2.0", "add_on": {"oldest": "0.9.0", "newest": "0.9.0"}}, False, ""),
        ("0.1.0", {"version": "nightly-build"}, False, ""),
        ("0.1.0", None, False, "older than the add-on"),
    ],
)
def test_versions_that_are_too_far_apart_say_so(own: str, server: Any, blocks: bool, words: str) -> None:
    fit = fit_of(own, None if server is None else ServerVersion.of(json.loads(json.dumps(server))))
    assert fit.blocks is blocks
    assert words in fit.sentence
    assert bool(fit.sentence) is bool(words)


def test_the_add_ons_version_is_the_manifests() -> None:
    assert own_version() == "0.1.0"
