"""What the user has filled in, for as long as Blender runs. No Blender here.

It is kept in Python and not in Blender's data, so that no prompt, path or setting of it gets into a `.blend`,
and so that it stays when another file is opened.
"""

from dataclasses import dataclass, field
from pathlib import Path

QUALITIES = ("draft", "standard", "high")
DETAILS = ("as-is", "concise", "moderate", "comprehensive")
CONTEXT_FORMATS = ("glb", "blend")
HOWS = ("APPEND", "LINK")
WHERES = ("NEW_COLLECTION", "REPLACE")
PLACES = ("ORIGIN", "CURSOR")
REFERENCES_LIMIT = 8
PROMPT_CHARS = 20_000


@dataclass
class Form:
    """The fields of the panel."""

    prompt: str = ""
    prompt_text_name: str = ""
    """The Text data-block that holds the prompt; empty: the field does."""
    quality: str = "standard"
    detail: str = "as-is"
    reads_brief: bool = True
    uses_selection: bool = False
    context_format: str = "glb"
    uses_viewport: bool = False
    references: list[Path] = field(default_factory=list)
    imports_when_done: bool = True
    how: str = "APPEND"
    where: str = "NEW_COLLECTION"
    place: str = "ORIGIN"
    query: str = ""

    def add_references(self, paths: list[Path]) -> int:
        """Take pictures in that are not in yet. Returns: how many were left out because there is no room."""
        new = [path for path in dict.fromkeys(paths) if path not in self.references]
        room = REFERENCES_LIMIT - len(self.references)
        self.references += new[:room]
        return len(new) - len(new[:room])

    def sent(self, prompt: str) -> None:
        """This prompt was taken: its fields become empty, unless the next one stands there by now."""
        if self.prompt == prompt:
            self.prompt = ""
        self.prompt_text_name = ""
        self.references = []
        self.uses_selection = self.uses_viewport = False
