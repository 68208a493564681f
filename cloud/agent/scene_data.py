"""What scenes, files and tools say, marked as data before a model reads it.

Anybody may have named the objects of an imported file. Between the tags stands nothing that looks like a tag of ours,
and nothing that a reader cannot see; what the marked text asks for is nobody's order. No tool can reach another user
or a key, so the marks help the model to stay at its task; they are not what protects anybody.
"""

import re
import unicodedata
from collections.abc import Sequence

from cloud.agent.contract import Block

_OPEN, _CLOSE = "<scene_data>", "</scene_data>"
_OUR_TAGS = re.compile(r"<(?=[\s/]*(?:scene|brief|request|verdict|review|note|changes)(?![a-z]))", re.IGNORECASE)
# Other characters, line and paragraph separators: controls, bidi overrides, zero widths, tags, private use.
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_VARIATION_SELECTORS = range(0xE0100, 0xE01F0)
"""Of category Mn, but as good as any for text that nobody sees."""


def scene_data(text: str) -> str:
    """The text between `<scene_data>` tags, so that it cannot close them or hide anything."""
    return f"{_OPEN}\n{visible(text)}\n{_CLOSE}"


def visible(text: str) -> str:
    """The text with every unseen character as Python writes it in a string (`\\u202e`), and without our tags.

    New lines and tabs stay. A name that is shown so can be used in code as it is shown.
    """
    shown = text if _is_plain(text) else "".join(_shown(character) for character in text)
    return _OUR_TAGS.sub("&lt;", shown)


def marked(content: Sequence[Block]) -> list[Block]:
    """A tool's content with its texts marked as data; pictures stay as they are, empty texts too."""
    return [
        {**block, "text": scene_data(block["text"])} if block.get("type") == "text" and block["text"].strip() else block
        for block in content
    ]


def _is_plain(text: str) -> bool:
    return text.isascii() and text.replace("\n", "").replace("\t", "").isprintable()


def _shown(character: str) -> str:
    if character in "\n\t":
        return character
    if unicodedata.category(character) in _UNSEEN_CATEGORIES or ord(character) in _VARIATION_SELECTORS:
        return ascii(character)[1:-1]
    return character
