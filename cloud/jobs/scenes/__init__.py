"""What belongs to a snapshot besides its `.blend`: the files that were made of it, and how large its scene is."""
