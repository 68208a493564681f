"""What a runner does for each kind of job: one module a kind, each with `run`."""

ASKS_A_MODEL = frozenset({"build", "refine"})
"""The kinds of jobs that talk to a model."""
