"""What texts may look like, for the OpenAPI document: the checks themselves say it in sentences of their own."""

_CONTROLS = r"\u0000-\u001f\u007f-\u009f"
_IN_LINES = rf"{_CONTROLS}\u2028\u2029"
_OF_CSV = '",;|'
_OF_JSON = r'"\\'
_IN_TEXTS = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"


def _words(excluded: str) -> str:
    return rf"[^\s{excluded}](?:[^{excluded}]*[^\s{excluded}])?"


NO_NUL = r"^[^\u0000]*$"
LINE = rf"^\s*{_words(_IN_LINES)}\s*$"
"""One line that says something: `cloud.projects.names`."""
LINE_OR_NOTHING = rf"^\s*(?:{_words(_IN_LINES)})?\s*$"
TEXT = rf"^\s*{_words(_IN_TEXTS)}\s*$"
"""Lines that say something: `cloud.jobs.prompt`."""
CSV = rf"^prompt\n{_words(_IN_LINES + _OF_CSV)}$"
"""The least that a CSV file of prompts says: one of them. Further columns and rows are fine."""
JSON_LINES = rf'^"{_words(_IN_LINES + _OF_JSON)}"$'
"""Likewise, of JSON lines."""
TEXT_OR_NOTHING = rf"^[^{_IN_TEXTS}]*$"
