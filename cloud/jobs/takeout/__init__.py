"""Everything that is kept of a user, as one zip: see `cloud.jobs.takeout.archive`."""
