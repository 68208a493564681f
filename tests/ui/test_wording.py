"""Facts in words."""

import datetime as dt

import pytest

from ui.wording import ago, duration, file_size, plain, shortened, unmarked


@pytest.mark.parametrize(
    ("count_bytes", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_420_000, "1.4 MB"), (3 * 10**9, "3.0 GB")],
)
def test_sizes_read_well(count_bytes: int, said: str) -> None:
    assert file_size(count_bytes) == said


@pytest.mark.parametrize(("seconds", "said"), [(-1, "0:00"), (7.9, "0:07"), (750, "12:30"), (3723, "1:02:03")])
def test_durations_read_well(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_long_text_ends_at_a_word_and_a_long_word_anywhere() -> None:
    assert shortened("a red\nwooden chair", 15) == "a red wooden…"
    assert shortened("x" * 50, 10) == "x" * 9 + "…"
    assert shortened("short", 10) == "short"


def test_times_are_told_roughly() -> None:
    now = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    assert ago("2026-11-22T12:00:05+00:00", now) == "just now"
    assert ago("2026-11-22T11:59:00Z", now) == "1 minute ago"
    assert ago("2026-11-22T10:00:00+01:00", now) == "3 hours ago"
    assert ago("2026-11-01T10:00:00Z", now) == "2026-11-01"


def test_markup_in_a_users_words_is_shown_and_not_obeyed() -> None:
    said = plain("![x](//e.org/p) :red[a]\n# $b$ <i> `c`")
    assert said == r"\!\[x\]\(\/\/e\.org\/p\) \:red\[a\] \# \$b\$ \<i\> \`c\`"


def test_a_label_has_no_markup_and_no_backslashes() -> None:
    assert unmarked("Seat *height* (m) [x](y) :red[z] `a`") == "Seat height (m) x (y) red z a"
