"""The mark of a step that failed half way and was told to keep what it had done by then."""

KEPT_MARK = "# This step failed; what it did before is kept.\n"
"""Before the code of such a step."""
