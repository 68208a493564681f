"""How much work waits in the whole deployment, as a number that runners are scaled by."""
