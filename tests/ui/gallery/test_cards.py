"""What the card of a project says."""

import datetime as dt
from typing import Any, cast

import pytest

from ui.gallery.cards import card_of
from ui.gallery_calls import ProjectCard

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


def project(**changes: Any) -> ProjectCard:
    usual: Any = {
        "id": "p1",
        "name": "Chair",
        "created_at": "2026-11-23T11:00:00+00:00",
        "updated_at": "2026-11-23T11:55:00+00:00",
        "head_snapshot_id": "s1",
        "state": "ready",
        "picture_id": "a1",
        "prompts": 2,
        "last_prompt": "a red chair",
        "bytes": 3 << 20,
        "triangles": 1204,
    }
    return cast("ProjectCard", {**usual, **changes})


def test_a_card_says_what_there_is_and_where_it_leads() -> None:
    card = card_of(project(), NOW)
    assert card["facts"] == "2 prompts · 1,204 triangles · 3.0 MiB"
    assert card["changed"] == "Changed 5 minutes ago"
    assert card["href"] == "./?project=p1"
    assert card["picture"] == "p2m/api/v1/artifacts/a1/content"
    assert card["busy"] == ""


@pytest.mark.parametrize(
    ("changes", "part", "words"),
    [
        ({"state": "busy"}, "busy", "Running now"),
        ({"picture_id": None}, "picture", ""),
        ({"triangles": None, "bytes": 0, "prompts": 1}, "facts", "1 prompt"),
        ({"id": "a&b=c d"}, "href", "./?project=a%26b%3Dc+d"),
        ({"name": "x" * 999}, "name", "x" * 199 + "…"),
    ],
    ids=["busy", "no picture", "uncounted", "odd id", "long name"],
)
def test_a_card_follows_its_project(changes: dict[str, Any], part: str, words: str) -> None:
    assert card_of(project(**changes), NOW)[part] == words


def test_a_deleted_project_leads_nowhere_and_says_until_when_it_is_kept() -> None:
    gone = {"deleted_at": "2026-11-23T11:59:30+00:00", "purge_at": "2026-11-30T11:59:30+00:00"}
    card = card_of(project(**gone), NOW)
    assert card["href"] == ""
    assert card["changed"] == "Deleted just now, kept until 2026-11-30"
