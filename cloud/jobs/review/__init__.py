"""Reviews of a build: what a reviewer is shown, what is kept of each review, and the mends that follow."""
