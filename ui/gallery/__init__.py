"""The gallery of projects: which are shown (`shelf`), what their cards say (`cards`). Pages draw it with `ui.painted`."""
