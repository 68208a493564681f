"""The gallery of projects: which are shown (`shelf`), and what their cards say (`cards`)."""
