"""The walls around the Blender child, which runs code that nobody has read. Imported by the front alone."""
