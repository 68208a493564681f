"""Python code as coloured pieces, for a page that takes no markup."""

from pygments.lexers import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType

_CLASSES: tuple[tuple[_TokenType, str], ...] = (
    (Comment, "comment"),
    (Keyword, "keyword"),
    (String, "string"),
    (Number, "number"),
    (Name.Function, "name"),
    (Name.Class, "name"),
    (Name.Builtin, "builtin"),
    (Operator.Word, "keyword"),
)


def coloured(code: str) -> list[tuple[str, str]]:
    """Pairs of a class (empty: plain text) and the text that is of it; together the texts are `code`."""
    pieces: list[tuple[str, str]] = []
    for kind, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(code):
        named = next((name for token, name in _CLASSES if kind in token), "")
        if pieces and pieces[-1][0] == named:
            pieces[-1] = (named, pieces[-1][1] + text)
        else:
            pieces.append((named, text))
    return pieces
