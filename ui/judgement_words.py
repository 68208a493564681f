"""What a brief and a review come to in a line. No Streamlit here."""

from ui.api_types import Brief, Verdict
from ui.wording import count


def brief_line(brief: Brief) -> str:
    """`Brief: Red chair · 2 parts`; not for Markdown as it is."""
    return f"Brief: {brief['title']} · {count(len(brief['parts']), 'part')}"


def review_line(verdict: Verdict, rounds: int) -> str:
    """`Review: 2 of 3 requirements met · 2 rounds`."""
    met = sum(requirement["status"] == "met" for requirement in verdict["requirements"])
    line = f"Review: {met} of {count(len(verdict['requirements']), 'requirement')} met"
    return line + (f" · {count(rounds, 'round')}" if rounds > 1 else "")
