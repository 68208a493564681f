"""What is kept, for how long, and how much of it: quotas, deletion for good, and the clean-up."""
