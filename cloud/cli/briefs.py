"""Briefs on the command line: read from a file, changed in an editor."""

import json
from pathlib import Path

import click
from pydantic import ValidationError

from cloud.agent.brief import Brief, brief_of_text, brief_text
from cloud.errors import InvalidInput

DRAFT = "brief.md"


def read_brief_file(path: Path) -> Brief:
    """The brief in a `.json` file, or written as text in any other. Raises: InvalidInput."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"The brief {str(path)!r} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"The brief {str(path)!r} is not UTF-8 text; save it as UTF-8.") from error
    if path.suffix.lower() != ".json":
        return _checked(content, str(path))
    try:
        return Brief.model_validate(json.loads(content))
    except ValidationError as error:
        raise InvalidInput(f"The brief {str(path)!r} cannot be used: {_first_fault(error)}.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The brief {str(path)!r} is not valid JSON; name a text file .md.") from error


def keep_draft(brief: Brief, folder: Path) -> Path:
    """Write the brief as text beside the results, for another try with `--brief`."""
    draft = folder / DRAFT
    draft.write_text(brief_text(brief) + "\n", encoding="utf-8")
    return draft


def edited(brief: Brief, folder: Path) -> Brief:
    """The brief as the user leaves it in $EDITOR; unchanged if they save nothing.

    Raises: InvalidInput: there is no editor, or what they saved is no brief (it is kept in the folder).
    """
    draft = keep_draft(brief, folder)
    try:
        click.edit(filename=str(draft))
    except click.ClickException as error:
        raise InvalidInput(f"The brief cannot be edited: {error.message} Set EDITOR, or pass it with --yes.") from error
    return _checked(draft.read_text(encoding="utf-8"), str(draft))


def _checked(text: str, where: str) -> Brief:
    try:
        return brief_of_text(text)
    except ValidationError as error:
        raise InvalidInput(f"The brief {where!r} cannot be used: {_first_fault(error)}.") from error
    except ValueError as error:
        raise InvalidInput(f"The brief {where!r} cannot be used: {error}.") from error


def _first_fault(error: ValidationError) -> str:
    wrong = error.errors()[0]
    where = ".".join(str(part) for part in wrong["loc"])
    said = wrong["msg"].removeprefix("Value error, ")
    return f"{where}: {said}" if where else said
