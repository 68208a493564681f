"""What `check` looks for. Each module is one family of faults; `limits` holds every threshold."""
