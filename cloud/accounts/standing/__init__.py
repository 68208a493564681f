"""Whether an account may do anything at all: not one that is suspended, nor one that is being deleted."""
