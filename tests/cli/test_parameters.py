"""`prompt2mesh parameters` against an API that is scripted: what is sent, what is shown, what is refused."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from cloud.cli.commands import app
from cloud.cli.connection import Where
from ui.api_client import ApiClient

HEAD = "0" * 36
ITEMS: list[dict[str, Any]] = [
    {"id": "SEAT_HEIGHT", "type": "number", "value": 0.45, "min": 0.3, "max": 0.7, "unit": "m"},
    {"id": "WOOD_COLOR", "type": "colour", "value": [0.5, 0.25, 0.1], "min": 0.0, "max": 1.0, "unit": ""},
    {"id": "WITH_BACK", "type": "switch", "value": True, "min": None, "max": None, "unit": ""},
]
LISTED = {
    "head_snapshot_id": HEAD,
    "items": [{"step": 1, "step_title": "Seat", "description": "", "name": "", "label": "", **item} for item in ITEMS],
}


class Refused(Exception):
    """Ends the command once the change has been sent."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is sent as a change of the parameters of the one project there is."""
    changes: list[Any] = []

    def change(_: ApiClient, project_id: str, values: Any, expected_head: str | None = None) -> Any:
        changes.append((project_id, values, expected_head))
        raise Refused

    monkeypatch.setattr(Where, "check", lambda _: None)
    monkeypatch.setattr(ApiClient, "list_projects", lambda _: iter([{"id": "p1", "name": "Stool"}]))
    monkeypatch.setattr(ApiClient, "parameters", lambda *_: LISTED)
    monkeypatch.setattr(ApiClient, "change_parameters", change)
    return changes


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["parameters", "Stool", *arguments, "--server", "http://127.0.0.1:1"])


def test_parameters_are_listed_as_a_table_and_as_json(sent: list[Any]) -> None:
    shown = run().stdout
    assert "SEAT_HEIGHT" in shown
    assert "0.45 m" in shown
    assert "0.3 to 0.7" in shown
    assert "0.5,0.25,0.1" in shown
    assert json.loads(run("--json").stdout) == LISTED
    assert sent == []


def test_names_are_whole_however_narrow_the_terminal(sent: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    long = {"id": "RUG_STRIPE_COLOR_LAMP_LEFT", "step_title": "The rug's stripes", "description": "as on a flag " * 4}
    monkeypatch.setattr(ApiClient, "parameters", lambda *_: {**LISTED, "items": [{**LISTED["items"][1], **long}]})
    for columns in ("60", "40"):
        monkeypatch.setenv("COLUMNS", columns)
        assert long["id"] in run().stdout


def test_new_values_are_sent_as_their_kinds_for_the_scene_that_was_listed(sent: list[Any]) -> None:
    run("SEAT_HEIGHT=0.6", "WOOD_COLOR=1,0,0.5", "WITH_BACK=off")
    run("WOOD_COLOR=#c81e1e", "OTHER=words")
    assert sent == [
        ("p1", {"SEAT_HEIGHT": 0.6, "WOOD_COLOR": [1, 0, 0.5], "WITH_BACK": False}, HEAD),
        ("p1", {"WOOD_COLOR": "#c81e1e", "OTHER": "words"}, HEAD),
    ]


@pytest.mark.parametrize("changes", [["SEAT_HEIGHT"], ["=1"], ["A="], ["A=1", "A=2"]])
def test_what_is_no_change_is_refused_before_anything_is_sent(sent: list[Any], changes: list[str]) -> None:
    assert run(*changes).exit_code == 2
    assert sent == []
