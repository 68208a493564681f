"""Code as coloured pieces."""

from ui.live.code import coloured


def test_pieces_are_the_code_again_each_with_its_kind() -> None:
    code = "\nimport bpy  # <b>\ndef leg(size=0.4):\n    return 'ok'\n\n"
    pieces = coloured(code)
    assert "".join(text for _, text in pieces) == code
    kinds = {text.strip(): kind for kind, text in pieces}
    assert kinds["import"] == "keyword"
    assert (kinds["# <b>"], kinds["leg"], kinds["0.4"], kinds["'ok'"]) == ("comment", "name", "number", "string")


def test_what_is_no_python_is_still_all_there() -> None:
    code = "def (\x00 'half"
    assert "".join(text for _, text in coloured(code)) == code
