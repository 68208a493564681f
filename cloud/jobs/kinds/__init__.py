"""What a runner does for each kind of job: one module a kind, each with `run`."""

ASKS_A_MODEL = frozenset({"build", "refine"})
"""The kinds of jobs that talk to a model."""

READING_TOOLS = frozenset({"look", "inspect", "check", "lookup"})
"""Tools of a job of the kind `call` that leave the scene as it is, and no snapshot."""
