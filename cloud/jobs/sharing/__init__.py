"""Public pages of results: who may make one, what it shows, and when it ends."""
