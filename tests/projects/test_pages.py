"""Cursors: what comes back is what went out, and nothing else is let in."""

import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.errors import InvalidInput
from cloud.projects.pages import Cursor, cut_page

TIMES = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC))


@given(created_at=TIMES, identifier=st.uuids())
def test_a_cursor_comes_back_as_it_went(created_at: dt.datetime, identifier: uuid.UUID) -> None:
    cursor = Cursor(created_at, identifier)

    assert Cursor.decode(cursor.encode()) == cursor


@given(text=st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_any_other_text_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidInput, match="first page"):
        Cursor.decode(text)


@pytest.mark.parametrize(("rows", "has_more"), [(0, False), (2, False), (3, False), (4, True)])
def test_a_page_is_never_longer_than_asked(rows: int, has_more: bool) -> None:
    now = dt.datetime.now(dt.UTC)
    page = cut_page(list(range(rows)), 3, lambda _row: Cursor(now, uuid.uuid4()))

    assert len(page.rows) == min(rows, 3)
    assert (page.next_cursor is not None) == has_more
