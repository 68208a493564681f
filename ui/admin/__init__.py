"""The parts of the admin page. Nothing here shows what users make: names, counts, sizes and states alone."""
