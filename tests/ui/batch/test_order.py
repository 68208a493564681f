"""What a batch is made of, and what it would come to, in words."""

from typing import Any, cast

import pytest

from ui.api_types import Models
from ui.batch.order import cost_of, media_type_of, rows_of
from ui.batch.table import table_html
from ui.batch_calls import BatchPreview


def preview(*items: dict[str, Any]) -> BatchPreview:
    usual = {"model": None, "formats": [], "quality": "standard", "detail": "as-is", "max_usd": None}
    whole = [{"name": item["prompt"], **usual, **item} for item in items]
    return cast("BatchPreview", {"name": None, "total": len(items), "limit": 500, "most_usd": 12.5, "items": whole})


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("set.CSV", "text/csv"),
        ("set.v2.jsonl", "application/x-ndjson"),
        ("set.json", "application/json"),
        ("set", "text/plain"),
        ("set.doc", "text/plain"),
    ],
)
def test_a_file_is_taken_for_what_its_name_says(name: str, media_type: str) -> None:
    assert media_type_of(name) == media_type


@pytest.mark.parametrize(
    ("billed_to", "sentence"),
    [
        ("user", "2 prompts. Your own Claude key pays: at most $12.50 for all of them together, mostly far less."),
        ("system", "2 prompts. This server pays: at most $12.50 for all of them together, mostly far less."),
        ("nobody", "2 prompts. No Claude key is set, so the offline modeller builds them: it costs nothing."),
    ],
)
def test_who_pays_how_much_is_said_before_it_is_sent(billed_to: str, sentence: str) -> None:
    models = cast("Models", {"items": [], "billed_to": billed_to, "notice": None})
    assert cost_of(preview({"prompt": "a"}, {"prompt": "b"}), models) == sentence


def test_only_what_differs_has_a_column() -> None:
    plain = preview({"prompt": "a"}, {"prompt": "b"})
    assert rows_of(plain) == [{"Prompt": "a"}, {"Prompt": "b"}]
    varied = preview({"prompt": "a", "quality": "draft", "max_usd": 0.5}, {"prompt": "b", "formats": ["stl", "ply"]})
    first, second = rows_of(varied)
    assert first == {"Prompt": "a", "Quality": "draft", "Formats": "", "Budget": "$0.50"}
    assert second == {"Prompt": "b", "Quality": "standard", "Formats": "stl, ply", "Budget": ""}


def test_words_of_prompts_are_no_markup() -> None:
    table = table_html([{"Prompt": "<img src=x onerror=alert(1)>"}], '"quoted"')
    assert "<img" not in table
    assert 'aria-label="&quot;quoted&quot;"' in table
