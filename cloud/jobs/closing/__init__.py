"""Deleting an account so that nothing of it is left: see `cloud.jobs.closing.work`."""
