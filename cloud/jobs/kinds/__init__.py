"""What a runner does for each kind of job: one module a kind, each with `run`."""
