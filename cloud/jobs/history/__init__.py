"""A project's history: its steps, moves of its scene through them, branches, and the script of any of them."""
