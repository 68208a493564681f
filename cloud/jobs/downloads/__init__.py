"""What a user takes home of a scene: the list of what can be had of it, and everything as one zip."""
