"""A brief on the screen: to be read, and to be changed before it is built.

Parts are rows of fields: Streamlit's own tables need a pyarrow that does not go with the NumPy of bpy.
"""

import streamlit as st

from ui.api_types import Brief, BriefPart
from ui.judgement_words import brief_line
from ui.wording import plain

_AXES = ("Width m", "Depth m", "Height m")
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
        st.markdown("**This is what will be built.** Change what you like, then build it.")
        title = st.text_input("Title", brief["title"], max_chars=120, key=f"brief-title-{key}")
        summary = st.text_area("What it is", brief["summary"], height=90, key=f"brief-summary-{key}")
        st.caption("Parts, each with the box that it fits in; one without a name is left out")
        rows = [*brief["parts"], *[_EMPTY_PART] * _ADDED]
        parts = [_draw_part(part, f"{key}-{number}") for number, part in enumerate(rows)]
        checks = st.text_area(
            "What must be true at the end, one a line",
            "\n".join(brief["checks"]),
            height=120,
            key=f"brief-checks-{key}",
        )
        left, right = st.columns(2)
        style = left.text_area("Style", brief["style"], height=100, key=f"brief-style-{key}")
        proportions = right.text_area("Proportions", brief["proportions"], height=100, key=f"brief-prop-{key}")
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


def _draw_part(part: BriefPart, key: str) -> BriefPart:
    """A line that says the part, with its fields to unfold."""
    with st.expander(_part_line(part)):
        name_place, count_place = st.columns([3, 1])
        sizes = st.columns(3)
        name = name_place.text_input("Part", part["name"], max_chars=80, key=f"part-Part-{key}")
        number = count_place.number_input("Count", 1, 1000, part["count"], key=f"part-Count-{key}")
        size_m = [
            _length(sizes[axis].text_input(label, _said(part["size_m"][axis]), key=f"part-{label}-{key}"), part, axis)
            for axis, label in enumerate(_AXES)
        ]
        material = st.text_input("Material", part["material"], max_chars=200, key=f"part-Material-{key}")
        description = st.text_area(
            "Description", part["description"], max_chars=1000, height=80, key=f"part-Description-{key}"
        )
    return {
        "name": name.strip(),
        "size_m": size_m,
        "count": int(number),
        "material": material.strip(),
        "description": description.strip(),
    }


def _part_line(part: BriefPart) -> str:
    if not part["name"]:
        return "Another part"
    name = f"{part['count']} × {part['name']}" if part["count"] > 1 else part["name"]
    return f"**{plain(name)}** · {plain(_size_of(part))}"


def _size_of(part: BriefPart) -> str:
    return " × ".join(f"{length:.3g}" for length in part["size_m"]) + " m"


def _said(length_m: float) -> str:
    return f"{length_m:.4g}"


def _length(entered: str, part: BriefPart, axis: int) -> float:
    """What was entered; where nothing was changed, what it was to the last digit."""
    before = part["size_m"][axis]
    return before if entered == _said(before) else _metres(entered)


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
        lines.append(f"| {plain(name)} | {plain(_size_of(part))} | {plain(part['material'])} |")
    return lines
