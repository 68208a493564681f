"""The prompts, as text files beside this module."""

import hashlib
import logging
from importlib import resources

logger = logging.getLogger(__name__)


def load_prompt(name: str) -> str:
    """The prompt's text; `name` without its ending. The log says which version a job was given."""
    text = resources.files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8").strip()
    logger.info("prompt loaded", extra={"prompt": name, "prompt_version": version_of(text)})
    return text


def version_of(text: str) -> str:
    """A prompt's version: the beginning of its text's SHA-256, so none can change without another version."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
