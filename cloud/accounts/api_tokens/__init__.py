"""API tokens, for scripts: made once, scoped, shown once, revocable."""
