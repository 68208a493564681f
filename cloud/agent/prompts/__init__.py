"""The prompts, as text files beside this module."""

from importlib import resources


def load_prompt(name: str) -> str:
    """The prompt's text; `name` without its ending."""
    return resources.files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8").strip()
