"""A prompt as tokens that remember where in the user's own words they stand."""

import re
from dataclasses import dataclass
from typing import Literal

TokenKind = Literal["word", "number", "string", "symbol", "other"]

_PATTERN = re.compile(
    r"""
    (?P<string> (?<![\w\d])(?:'[^'\n]{1,80}'(?!\w)
      | ‘[^’\n]{1,80}’) | "[^"\n]{1,80}" | “[^”\n]{1,80}” | «[^»\n]{1,80}» | `[^`\n]{1,80}` )
  | (?P<number> (?<![\w.)])[-−]?\d+(?:[.]\d+)? | (?<![\w.)])[-−]?[.]\d+ | \d+(?:[.]\d+)? )
  | (?P<word> radius[12]\b | [^\W\d_]+(?:['’](?:s|t|re|ve|ll|d|m)\b)? )
  | (?P<symbol> [.,;:!?()\[\]{}='"’”′″×%°&+/\n*-] )
  | (?P<other> \S )
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True)
class Token:
    """One token: `text` in lower case, `value` for numbers, `start` and `end` in the prompt."""

    kind: TokenKind
    text: str
    start: int
    end: int
    value: float = 0.0


def tokenize(prompt: str) -> list[Token]:
    """All tokens of the prompt; white space and control characters fall away, line breaks stay."""
    tokens = []
    for match in _PATTERN.finditer(prompt):
        kind: TokenKind = match.lastgroup  # type: ignore[assignment]  # the pattern's groups are the kinds
        text = match.group()
        if kind == "other" and (text == "_" or not text.isprintable()):
            continue
        value = _number(text) if kind == "number" else 0.0
        text = text[1:-1] if kind == "string" else text.casefold().replace("’", "'")
        tokens.append(Token(kind, text, match.start(), match.end(), value))
    return tokens


def _number(text: str) -> float:
    try:
        return float(text.replace("−", "-"))
    except ValueError:  # digits of other scripts, such as superscripts
        return 0.0
