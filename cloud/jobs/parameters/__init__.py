"""The named numbers, colours and counts at the top of a step's code: read, listed for a scene, and written anew."""
