"""Many prompts at once: how they are read (`order`), and the grid that fills with their pictures (`grid`)."""
