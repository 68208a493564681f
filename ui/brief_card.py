"""A brief on the screen: to be read, and to be changed before it is built.

Parts are rows of fields: Streamlit's own tables need a pyarrow that does not go with the NumPy of bpy.
"""

from typing import Any

import streamlit as st

from ui.api_types import Brief, BriefPart
from ui.judgement_words import brief_line
from ui.wording import plain

_COLUMNS = {"Part": 3, "Count": 1, "Width m": 1, "Depth m": 1, "Height m": 1, "Material": 3, "Description": 5}
_ADDED = 2
_EMPTY_PART: BriefPart = {"name": "", "size_m": [1.0, 1.0, 1.0], "count": 1, "material": "", "description": ""}


class UnusableBrief(Exception):
    """What the user left in the form is no brief; one sentence."""


def draw_brief(brief: Brief) -> None:
    """The brief, to be unfolded: it is context, not news."""
    with st.expander(plain(brief_line(brief)), icon=":material/article:"):
        if brief["summary"]:
            st.text(brief["summary"])
        if brief["parts"]:
            st.markdown("\n".join(_table_of(brief["parts"])))
        for heading, text in (("Proportions", brief["proportions"]), ("Style", brief["style"])):
            if text:
                st.caption(f"**{heading}** · {plain(text)}")
        if brief["checks"]:
            st.caption("**To check at the end**")
            st.markdown("\n".join(f"- {plain(check)}" for check in brief["checks"]))


def draw_brief_form(brief: Brief, key: str) -> Brief | None:
    """The brief in fields that can be changed. Returns: what the user wants built, when they say so.

    Raises: UnusableBrief: they said so, but a part lacks its size, or the whole its title.
    """
    with st.form(f"brief-{key}"):
        st.caption("This is what will be built. Change what you like, then build it.")
        title = st.text_input("Title", brief["title"], max_chars=120, key=f"brief-title-{key}")
        summary = st.text_area("What it is", brief["summary"], height=90, key=f"brief-summary-{key}")
        st.caption("Parts, each with the box that it fits in; one without a name is left out")
        rows = [*brief["parts"], *[_EMPTY_PART] * _ADDED]
        parts = [_draw_part(part, f"{key}-{number}", is_first=number == 0) for number, part in enumerate(rows)]
        left, middle, right = st.columns(3)
        style = left.text_area("Style", brief["style"], height=120, key=f"brief-style-{key}")
        proportions = middle.text_area("Proportions", brief["proportions"], height=120, key=f"brief-prop-{key}")
        checks = right.text_area(
            "What must be true at the end, one a line",
            "\n".join(brief["checks"]),
            height=120,
            key=f"brief-checks-{key}",
        )
        asked = st.form_submit_button("Build this", type="primary", icon=":material/play_arrow:", key=f"pass-{key}")
    if not asked:
        return None
    if not title.strip():
        raise UnusableBrief("The brief needs a title.")
    named = [part for part in parts if part["name"]]
    for part in named:
        if not all(length > 0 for length in part["size_m"]):
            raise UnusableBrief(f"The part {part['name']!r} needs a width, a depth and a height above 0.")
    return {
        "title": title.strip(),
        "summary": summary.strip(),
        "parts": named,
        "proportions": proportions.strip(),
        "style": style.strip(),
        "checks": [line.strip("- \t") for line in checks.splitlines() if line.strip("- \t")],
    }


def _draw_part(part: BriefPart, key: str, *, is_first: bool) -> BriefPart:
    """A row of fields; only the first has their names above it."""
    columns = dict(zip(_COLUMNS, st.columns(list(_COLUMNS.values()), gap="small"), strict=True))
    shown: dict[str, Any] = {"label_visibility": "visible" if is_first else "collapsed"}

    def text(name: str, value: str, limit_chars: int) -> str:
        entered = columns[name].text_input(name, value, max_chars=limit_chars, key=f"part-{name}-{key}", **shown)
        return entered.strip()

    def length(name: str, value: float) -> float:
        said = f"{value:.4g}"
        entered = columns[name].text_input(name, said, key=f"part-{name}-{key}", **shown)
        return value if entered == said else _metres(entered)

    number = columns["Count"].number_input("Count", 1, 1000, part["count"], key=f"part-Count-{key}", **shown)
    return {
        "name": text("Part", part["name"], 80),
        "size_m": [length(name, part["size_m"][axis]) for axis, name in enumerate(("Width m", "Depth m", "Height m"))],
        "count": int(number),
        "material": text("Material", part["material"], 200),
        "description": text("Description", part["description"], 1000),
    }


def _metres(text: str) -> float:
    """0 for what is no number; a decimal comma will do."""
    try:
        return float(text.strip().removesuffix("m").replace(",", "."))
    except ValueError:
        return 0.0


def _table_of(parts: list[BriefPart]) -> list[str]:
    lines = ["| Part | Size | Material |", "|---|---|---|"]
    for part in parts:
        name = f"{part['count']} × {part['name']}" if part["count"] > 1 else part["name"]
        size = " × ".join(f"{length:.3g}" for length in part["size_m"])
        lines.append(f"| {plain(name)} | {plain(size)} m | {plain(part['material'])} |")
    return lines
