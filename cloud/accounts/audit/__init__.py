"""The audit log: who did what that may have to be accounted for, when, from where. Rows are never changed."""
