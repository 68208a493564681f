"""The Blender extension. It is built in a later release; it will reach the cloud over HTTPS only."""
