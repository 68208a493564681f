"""What admins may do to accounts. They see names, counts, sizes and states: nothing of what users make."""
