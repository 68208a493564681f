"""The public page of a shared scene: its HTML, and the files that it loads."""
