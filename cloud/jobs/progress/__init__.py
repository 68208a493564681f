"""How far a job has come: what a new attempt reads before it goes on."""
