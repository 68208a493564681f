"""Sentences are broken to the panel's width."""

from addon.panel.wrapping import shortened, wrapped


def _letters(text: str) -> float:
    return float(len(text))


def test_a_sentence_is_broken_between_words() -> None:
    assert wrapped("the quick brown fox", 9, _letters) == ["the quick", "brown fox"]


def test_a_word_that_is_too_long_is_cut() -> None:
    assert wrapped("a https://example.org b", 8, _letters) == ["a", "https://", "example.", "org b"]


def test_line_ends_stay() -> None:
    assert wrapped("one\n\ntwo", 20, _letters) == ["one", "two"]


def test_a_text_of_too_many_lines_ends_with_an_ellipsis() -> None:
    assert wrapped("aaa bbb ccc ddd", 3, _letters, most_lines=2) == ["aaa", "bb…"]


def test_nothing_is_no_line() -> None:
    assert wrapped("", 10, _letters) == []


def test_no_line_is_wider_than_the_panel() -> None:
    text = "Die Lampe steht auf dem Tisch, " * 20 + "x" * 200
    for width in (1, 2, 7, 31):
        assert max(map(len, wrapped(text, width, _letters, most_lines=1000))) <= width


def test_one_line_is_cut_where_it_is_too_wide() -> None:
    assert shortened("a round table", 8, _letters) == "a round…"
    assert shortened("a table", 8, _letters) == "a table"
