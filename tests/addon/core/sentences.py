"""How the add-on's sentences have to be, and where its files may lie."""

from pathlib import Path

from tests.addon.core.hostile import TOKEN


def assert_is_one_sentence(sentence: str) -> None:
    assert sentence
    assert sentence.isprintable()
    assert len(sentence) <= 700
    assert TOKEN not in sentence
    assert "Traceback" not in sentence
    assert "object at 0x" not in sentence


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
