"""Links that open one door once: invites, resets of a password, and the one that makes the first admin."""
