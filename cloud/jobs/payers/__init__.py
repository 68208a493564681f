"""Whose key a job's model calls are made with."""
