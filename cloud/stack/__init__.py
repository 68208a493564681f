"""The whole product on one machine: one supervisor, one data folder. See `cloud.stack.supervisor`."""
