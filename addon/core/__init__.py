"""What the add-on does without Blender: it talks to the server, keeps what it said and knows nothing of `bpy`."""
