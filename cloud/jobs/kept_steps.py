"""The marks of steps that a replay cannot run as they stand."""

KEPT_MARK = "# This step failed; what it did before is kept.\n"
"""Before the code of a step that failed half way and was told to keep what it had done by then."""

IMPORT_MARK = "# This step imported a file, which is not part of this code: "
"""Before what the tool `import_file` was told, as JSON on one line."""
